"""Keep compiled modules from venv to venv: a package that one environment has imported is not compiled again for the next.

    .hubmatrix/bytecode/<interpreter>/<package>-<version>/…/__pycache__/*.pyc

uv's hard links keep the modification time of a source, and Python checks it and the size before it believes a .pyc, so one
from another venv with the same package is as good as its own. Files are hard links; nothing is compiled here. Measured on
TensorFlow 2.15.1: the first import in a new venv takes 8.8 s of CPU without and 3.1 s with them.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from harness.environments.interpreters import Interpreter
from harness.environments.lock import Lock

COMPLETE = ".complete"


def restore(store: Path, site_packages: Path, lock: Lock, interpreter: Interpreter) -> int:
    """Link the kept files of a lock's packages into a new venv; return the number of files."""
    folders = (_package_folder(store, interpreter, name, version) for name, version in lock.packages)
    return sum(_link_tree(folder, site_packages) for folder in folders if (folder / COMPLETE).is_file())


def keep_compiled(store: Path, site_packages: Path, lock: Lock, interpreter: Interpreter) -> int:
    """Keep what the first import of a venv compiled, for packages that have nothing kept yet; return the number of files."""
    versions = dict(lock.packages)
    count = 0
    for record in site_packages.glob("*.dist-info/RECORD"):
        name = record.parent.name.partition("-")[0].replace("_", "-").lower()
        folder = _package_folder(store, interpreter, name, versions.get(name, ""))
        if name in versions and not (folder / COMPLETE).is_file():
            count += sum(_link(pyc, folder / pyc.relative_to(site_packages)) for pyc in _compiled(site_packages, record))
            folder.mkdir(parents=True, exist_ok=True)
            (folder / COMPLETE).touch()
    return count


def remove_compiled(site_packages: Path) -> None:
    """Remove every compiled module of a venv: the next import compiles anew, from the sources alone."""
    for pyc in site_packages.rglob("__pycache__/*.pyc"):
        pyc.unlink(missing_ok=True)


def forget(store: Path, lock: Lock, interpreter: Interpreter) -> None:
    """Remove what is kept of a lock's packages."""
    for name, version in lock.packages:
        shutil.rmtree(_package_folder(store, interpreter, name, version), ignore_errors=True)


def _package_folder(store: Path, interpreter: Interpreter, name: str, version: str) -> Path:
    return store / interpreter.label / f"{name}-{version}"


def _compiled(site_packages: Path, record: Path) -> Iterator[Path]:
    """Yield the .pyc files of one distribution that are there, by its list of installed files."""
    with record.open(newline="", encoding="utf-8") as file:
        folders = {os.path.dirname(row[0]) for row in csv.reader(file) if row and row[0].endswith(".py")}  # noqa: PTH120
    for folder in sorted(folders):
        if not folder.startswith(".."):  # scripts, which RECORD lists as ../../../bin/…
            yield from (site_packages / folder / "__pycache__").glob("*.pyc")


def _link_tree(folder: Path, target: Path) -> int:
    return sum(_link(path, target / path.relative_to(folder)) for path in folder.rglob("*.pyc"))


def _link(source: Path, target: Path) -> bool:
    """Make a hard link; return False if the target exists or the source is gone: another run may be doing the same."""
    with suppress(FileExistsError, FileNotFoundError):
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target)
        return True
    return False
