"""Which CPythons this machine has: pyenv's, uv's own, PATH's, and the one that runs hubmatrix.

Every candidate is asked itself; names and folders are not believed (a pyenv shim of a version that is not active exists
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

PROBE = (
    "import json, sys, sysconfig; print(json.dumps({'name': sys.implementation.name, 'version': '%d.%d.%d' % sys.version_info[:3],"
    " 'final': sys.version_info[3] == 'final', 'free_threaded': bool(sysconfig.get_config_var('Py_GIL_DISABLED')),"
    " 'platform': sysconfig.get_platform(), 'base': getattr(sys, '_base_executable', sys.executable)}))"
)
PROBE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A CPython that answered. `version` is x.y.z, `platform` as in wheel names, e.g. `linux-x86_64`."""

    path: Path
    version: str
    platform: str

    @property
    def minor(self) -> str:
        return ".".join(self.version.split(".")[:2])

    @property
    def label(self) -> str:
        return f"cpython-{self.version}-{self.platform}"


def candidates(environ: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """Where an interpreter may be, in order of preference; each existing file once."""
    pyenv = Path(environ.get("PYENV_ROOT", home / ".pyenv"))
    data = Path(environ.get("XDG_DATA_HOME", home / ".local" / "share"))
    uv = Path(environ.get("UV_PYTHON_INSTALL_DIR", data / "uv" / "python"))
    found = [Path(getattr(sys, "_base_executable", sys.executable))]
    found += sorted(pyenv.glob("versions/*/bin/python3"))
    found += sorted(uv.glob("cpython-*/bin/python3"))
    for folder in map(Path, environ.get("PATH", os.defpath).split(os.pathsep)):
        if folder != pyenv / "shims":
            found += [
                path for path in sorted(folder.glob("python3*")) if path.name.replace("python3", "").replace(".", "").isdigit()
            ]
            found += [folder / "python3"]
    return tuple(dict.fromkeys(path for path in found if path.is_file()))


async def discover(paths: Iterable[Path]) -> Mapping[str, Interpreter]:
    """The newest final CPython of each minor, by minor. Those that don't answer are left out."""
    answers = await asyncio.gather(*map(_ask, dict.fromkeys(path.resolve() for path in paths)))
    best: dict[str, Interpreter] = {}
    for found in answers:
        if found and (found.minor not in best or Version(found.version) > Version(best[found.minor].version)):
            best[found.minor] = found
    return best


def choose(minors: Sequence[str], pinned: str | None, found: Mapping[str, Interpreter]) -> Interpreter | None:
    """The newest of the minors that a release has wheels for, or the pinned one; None where this machine has none."""
    wanted = [pinned] if pinned else sorted(minors, key=Version, reverse=True)
    return next((found[minor] for minor in wanted if minor in found), None)


async def _ask(path: Path) -> Interpreter | None:
    try:
        answer = await run_async([path, "-I", "-S", "-c", PROBE], timeout=PROBE_SECONDS)
        facts = json.loads(answer.stdout) if answer.ok else None
    except (OSError, ValueError):
        return None
    if not facts or facts["name"] != "cpython" or not facts["final"] or facts["free_threaded"]:
        return None
    return Interpreter(path=path, version=facts["version"], platform=facts["platform"])
