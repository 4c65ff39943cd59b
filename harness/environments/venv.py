"""Make isolated venvs: exactly what a lock says, hard-linked from uv's cache, nothing installed afterwards.

    .hubmatrix/venvs/<lock>-<interpreter>/          one venv for each lock and interpreter
    .hubmatrix/venvs/<lock>-<interpreter>.lock      held (shared by readers' pid files) while cells run in it

The fingerprint file is written last, so a venv that was cut off while it was made is made anew.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from filelock import AsyncFileLock

from harness.base.files import write_atomically
from harness.domain import Status
from harness.environments import bytecode
from harness.environments.interpreters import Interpreter
from harness.environments.lock import Lock
from harness.environments.seeds import offered
from harness.environments.uv import Failure, call, call_offline_first, failure

FINGERPRINT = ".hubmatrix-complete"
VENV_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Venv:
    """A complete venv. `python` is its interpreter."""

    path: Path

    @property
    def python(self) -> Path:
        return self.path / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        return next(self.path.glob("lib/python*/site-packages"))


def venv_folder(folder: Path, lock: Lock, interpreter: Interpreter) -> Path:
    """Return the path of a lock's venv; locks of the same content share it."""
    name = hashlib.sha256(f"{lock.sha256} {interpreter.label} {interpreter.path}".encode()).hexdigest()[:20]
    return folder / name


async def ensure_venv(
    uv: Path, folder: Path, compiled: Path, lock: Lock, interpreter: Interpreter, *, timeout: float
) -> Venv | Failure:
    """Return the complete venv of a lock; make it now if it isn't complete. `compiled` is the store of bytecode.

    Measured: 0.4 to 1.2 s from a warm cache by hard links (bench/environments.py).
    """
    path = venv_folder(folder, lock, interpreter)
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncFileLock(path.with_suffix(".lock")):
        if (path / FINGERPRINT).is_file():
            return Venv(path=path)
        shutil.rmtree(path, ignore_errors=True)
        trouble = await _make(uv, path, lock, interpreter, timeout=timeout)
        if trouble is not None and trouble.status is not Status.UNAVAILABLE:
            # The software's fault only if it happens twice, the second time in a new venv from files that were fetched anew.
            shutil.rmtree(path, ignore_errors=True)
            trouble = await _make(uv, path, lock, interpreter, timeout=timeout, anew=True)
        if trouble is not None:
            shutil.rmtree(path, ignore_errors=True)
            return trouble
        await asyncio.to_thread(bytecode.restore, compiled, Venv(path=path).site_packages, lock, interpreter)
        write_atomically(path / FINGERPRINT, lock.sha256)
        return Venv(path=path)


async def _make(
    uv: Path, path: Path, lock: Lock, interpreter: Interpreter, *, timeout: float, anew: bool = False
) -> Failure | None:
    venv = await call(uv, ["venv", path, "--quiet", "--no-project", "--python", interpreter.path], timeout=VENV_SECONDS)
    if not venv.ok:
        return failure(venv, of=Status.INSTALL_FAILED, timeout=VENV_SECONDS)
    sync: list[str | Path] = ["pip", "sync", lock.path, "--quiet", "--python", path / "bin" / "python"]
    sync += ["--require-hashes", "--link-mode", "hardlink"]
    # Build requirements of source packages are of their time too.
    sync += ["--exclude-newer", lock.exclude_newer.isoformat()] if lock.exclude_newer else []
    wheels = (seed.wheel.parent for seed in interpreter.seeds) if lock.seeds else ()
    if anew:
        completed = await call(uv, [*sync, "--refresh"], timeout=timeout, env=offered(wheels))
    else:
        completed = await call_offline_first(uv, sync, timeout=timeout, env=offered(wheels))
    return None if completed.ok else failure(completed, of=Status.INSTALL_FAILED, timeout=timeout)
