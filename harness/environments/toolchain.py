"""Install pytest for the cells: one folder per Python minor, kept apart from what is tested.

The folder goes to the end of a cell's `sys.path`, so the packages under test win wherever both have one.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

from filelock import AsyncFileLock
from packaging.version import Version

from harness.base.files import write_atomically
from harness.domain import Status, Trouble
from harness.environments.interpreters import Interpreter
from harness.environments.uv import Failure, call_offline_first, failure
from harness.environments.venv import FINGERPRINT

# The last one that doesn't want a typing_extensions newer than TensorFlow 1.15 to 2.4 pin (measured: 1.3 ends in "TypeError:
# __init__() got an unexpected keyword argument 'default'" beside them). Python 3.11 has exception groups itself.
EXCEPTION_GROUPS = "exceptiongroup==1.1.3"
# The last pytest and xdist that support each Python, pinned: their version is part of a case's key.
# https://docs.pytest.org/en/stable/backwards-compatibility.html
PINS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("3.11", ("pytest==8.4.2", "pytest-xdist==3.8.0")),
    ("3.9", ("pytest==8.4.2", "pytest-xdist==3.8.0", EXCEPTION_GROUPS)),
    ("3.8", ("pytest==8.3.5", "pytest-xdist==3.6.1", EXCEPTION_GROUPS)),
    ("3.7", ("pytest==7.4.4", "pytest-xdist==3.5.0", EXCEPTION_GROUPS)),
)
INSTALL_SECONDS = 300.0


@cache
def pins(minor: str) -> tuple[str, ...] | None:
    """Return pytest and xdist for a Python minor; None where the harness supports none (below 3.7)."""
    return next((requirements for lowest, requirements in PINS if Version(minor) >= Version(lowest)), None)


async def ensure_toolchain(uv: Path, folder: Path, interpreter: Interpreter) -> Path | Failure:
    """Return the folder to append to `sys.path`; install it now if it isn't complete."""
    requirements = pins(interpreter.minor)
    if requirements is None:
        message = f"no pytest for cells on Python {interpreter.minor}"
        return Failure(status=Status.UNAVAILABLE, trouble=Trouble.TOOLCHAIN, message=message, evidence=message)
    digest = hashlib.sha256(" ".join((interpreter.label, *requirements)).encode()).hexdigest()[:12]
    path = folder / f"py{interpreter.minor}-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncFileLock(path.with_suffix(".lock")):
        if (path / FINGERPRINT).is_file():
            return path
        shutil.rmtree(path, ignore_errors=True)
        argv: list[str | Path] = [
            "pip",
            "install",
            "--quiet",
            "--target",
            path,
            "--python",
            interpreter.path,
            "--link-mode",
            "copy",
        ]
        completed = await call_offline_first(uv, [*argv, *requirements], timeout=INSTALL_SECONDS)
        if not completed.ok:
            return _without_blame(failure(completed, of=Status.INSTALL_FAILED, timeout=INSTALL_SECONDS))
        write_atomically(path / FINGERPRINT, " ".join(requirements))
        return path


def _without_blame(failure_: Failure) -> Failure:
    """Return the failure as this machine's: a pytest that can't be installed says nothing about the packages under test."""
    message = f"pytest for the cells can't be installed: {failure_.message}"
    return replace(failure_, status=Status.UNAVAILABLE, trouble=failure_.trouble or Trouble.TOOLCHAIN, message=message)
