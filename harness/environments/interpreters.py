"""Find the CPythons of this machine: pyenv's, uv's own, PATH's, and the one that runs hubmatrix.

Every candidate is started and asked; names and folders are not trusted (a pyenv shim of a version that is not active exists
but fails).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from harness.base.process import run_async

# Runs in any CPython 3, so plain syntax. What `python -m venv` puts into a venv is what ensurepip carries: up to 3.11 setuptools
# beside pip, from 3.12 on pip alone. Distributions that cut ensurepip out (Debian without python3-venv) can't seed a venv.
PROBE = """
import glob, json, os, sys, sysconfig
seeds = {}
try:
    import ensurepip
    folder = sysconfig.get_config_var('WHEEL_PKG_DIR') or os.path.join(os.path.dirname(ensurepip.__file__), '_bundled')
    bundled = getattr(ensurepip, '_get_packages', dict)()
    versions = {name: getattr(package, 'version', None) for name, package in bundled.items()}
    versions = versions or {'pip': ensurepip.version(), 'setuptools': getattr(ensurepip, '_SETUPTOOLS_VERSION', None)}
    for name, version in versions.items():
        wheels = sorted(glob.glob(os.path.join(folder, '%s-%s-*.whl' % (name, version))))
        if wheels:
            seeds[name] = [version, wheels[0]]
except ImportError:
    pass
print(json.dumps({
    'name': sys.implementation.name,
    'version': '%d.%d.%d' % sys.version_info[:3],
    'final': sys.version_info[3] == 'final',
    'free_threaded': bool(sysconfig.get_config_var('Py_GIL_DISABLED')),
    'platform': sysconfig.get_platform(),
    'base': getattr(sys, '_base_executable', sys.executable),
    'seeds': seeds,
}))
"""
PROBE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A package that `python -m venv` puts into every new venv, and the wheel that it comes from."""

    name: str
    version: str
    wheel: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A CPython that answered. `version` is x.y.z, `platform` as in wheel names, e.g. `linux-x86_64`.

    `seeds` are in the order of their names; empty if the interpreter can't make a venv with pip in it.
    """

    path: Path
    version: str
    platform: str
    seeds: tuple[Seed, ...] = ()

    @property
    def minor(self) -> str:
        return ".".join(self.version.split(".")[:2])

    @property
    def label(self) -> str:
        return f"cpython-{self.version}-{self.platform}"


def candidates(environ: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """List every file that may be an interpreter, in order of preference, each once."""
    pyenv = Path(environ.get("PYENV_ROOT", home / ".pyenv"))
    data = Path(environ.get("XDG_DATA_HOME", home / ".local" / "share"))
    uv = Path(environ.get("UV_PYTHON_INSTALL_DIR", data / "uv" / "python"))
    paths = [Path(getattr(sys, "_base_executable", sys.executable))]
    paths += sorted(pyenv.glob("versions/*/bin/python3"))
    paths += sorted(uv.glob("cpython-*/bin/python3"))
    for folder in map(Path, environ.get("PATH", os.defpath).split(os.pathsep)):
        if folder != pyenv / "shims":
            paths += [
                path for path in sorted(folder.glob("python3*")) if path.name.replace("python3", "").replace(".", "").isdigit()
            ]
            paths += [folder / "python3"]
    return tuple(dict.fromkeys(path for path in paths if path.is_file()))


async def discover(paths: Iterable[Path]) -> Mapping[str, Interpreter]:
    """Return the newest final CPython of each minor, by minor. Files that don't answer are left out."""
    # Resolved: python3, python3.11 and the links of PATH are one interpreter, and each start costs time.
    answers = await asyncio.gather(*map(_probe, dict.fromkeys(path.resolve() for path in paths)))
    newest: dict[str, Interpreter] = {}
    for interpreter in filter(None, answers):
        rival = newest.get(interpreter.minor)
        if rival is None or Version(interpreter.version) > Version(rival.version):
            newest[interpreter.minor] = interpreter
    return newest


def newest_first(minors: Sequence[str], pinned: str | None, available: Mapping[str, Interpreter]) -> tuple[Interpreter, ...]:
    """Return the interpreters of these minors that this machine has, newest first; with a pin, that one alone."""
    order = [pinned] if pinned else sorted(minors, key=Version, reverse=True)
    return tuple(available[minor] for minor in order if minor in available)


async def _probe(path: Path) -> Interpreter | None:
    try:
        answer = await run_async([path, "-I", "-S", "-c", PROBE], timeout=PROBE_SECONDS)
        facts = json.loads(answer.stdout) if answer.ok else None
    except (OSError, ValueError):
        return None
    if not facts or facts["name"] != "cpython" or not facts["final"] or facts["free_threaded"]:
        return None
    seeds = (Seed(name=name, version=version, wheel=Path(wheel)) for name, (version, wheel) in sorted(facts["seeds"].items()))
    return Interpreter(path=path, version=facts["version"], platform=facts["platform"], seeds=tuple(seeds))
