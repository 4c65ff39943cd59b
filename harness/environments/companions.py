"""Companions: packages that a case asks for and no environment holds, installed beside an environment, never into it.

    .hubmatrix/companions/<digest>/       what `pip install transformers` would have added, and nothing that was there already
    .hubmatrix/companions/<digest>.txt    the same as a requirements file, hashed

They are resolved for the environment's interpreter and date, with its own lock as constraints, so that no version under test
changes. A cell appends the folder to the end of `sys.path`, where the packages under test win, and so do the few that came
with pytest. Environments to which the same packages would be added share a folder.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from filelock import AsyncFileLock

from harness.base.files import write_atomically
from harness.domain import Companion, Status
from harness.environments import lock
from harness.environments.interpreters import Interpreter
from harness.environments.lock import Lock, LockRequest
from harness.environments.uv import Failure, call_offline_first, failure
from harness.environments.venv import FINGERPRINT

# What is written in Rust, C or C++, and never built here: a resolver that may build takes the newest release even where it has no
# wheel for this Python (safetensors 0.5.3 for 3.7), and what comes out says whether this machine has a compiler. Pure Python is
# built where there is only its source: without sacremoses, which had no wheel in January 2021, there was no transformers.
WHEELS = ("hf-xet", "pyyaml", "regex", "safetensors", "sentencepiece", "tokenizers")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedPackages:
    """The packages to install beside an environment: the companion's version, and a requirements file with hashes.

    `exclude_newer` is the last day for what builds them.
    """

    version: str
    pins: str
    exclude_newer: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanionFolder:
    """The folder that a companion was installed into, with what it needs; to be appended to `sys.path`."""

    path: Path
    version: str


def lock_request(companion: Companion, environment: Lock) -> LockRequest:
    """Return the request to the resolver, for an environment with this lock.

    Where no date limits the environment, the day of its lock is part of the request: what was resolved for that day stays,
    and a case's key can name it without asking the index.
    """
    return LockRequest(
        requirements=(companion.value,),
        constraints=tuple(f"{name}=={version}" for name, version in environment.packages),
        wheels=WHEELS,
        exclude_newer=environment.exclude_newer,
        day=None if environment.exclude_newer else environment.resolved,
        daily=False,
    )


async def resolve_companion(
    uv: Path, locks: Path, companion: Companion, environment: Lock, interpreter: Interpreter
) -> AddedPackages | Failure:
    """Resolve what would be added to an environment with this lock. A failure with the status `lock_failed` is a proof."""
    request = lock_request(companion, environment)
    together = await lock.resolve_lock(uv, locks, request, interpreter, refresh=False)
    if isinstance(together, Failure):
        return together
    pins = without(together.path.read_text(encoding="utf-8"), environment)
    return AddedPackages(version=dict(together.packages)[companion.value], pins=pins, exclude_newer=environment.exclude_newer)


def without(text: str, environment: Lock) -> str:
    """Return a requirements file's pins and hashes without the packages that the environment has."""
    installed = {name for name, _ in environment.packages}
    lines: list[str] = []
    keep = False
    for line in text.splitlines(keepends=True):
        if line[:1].isalnum():
            keep = line.partition("==")[0] not in installed
        if keep:
            lines.append(line)
    return "".join(lines)


def companion_folder(folder: Path, added: AddedPackages, interpreter: Interpreter) -> Path:
    """Return the path of these packages: the same for every environment that they would be added to."""
    return folder / hashlib.sha256(f"{added.pins} {interpreter.label}".encode()).hexdigest()[:20]


async def ensure_companion(
    uv: Path, folder: Path, added: AddedPackages, interpreter: Interpreter, *, timeout: float
) -> CompanionFolder | Failure:
    """Return the folder of the added packages; install them now if it isn't complete."""
    path = companion_folder(folder, added, interpreter)
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncFileLock(path.with_suffix(".lock")):
        if (path / FINGERPRINT).is_file():
            return CompanionFolder(path=path, version=added.version)
        shutil.rmtree(path, ignore_errors=True)
        write_atomically(path.with_suffix(".txt"), added.pins)
        completed = await call_offline_first(uv, _install(path, added, interpreter), timeout=timeout)
        if not completed.ok:
            shutil.rmtree(path, ignore_errors=True)
            return failure(completed, of=Status.INSTALL_FAILED, timeout=timeout)
        write_atomically(path / FINGERPRINT, added.pins)
        return CompanionFolder(path=path, version=added.version)


def _install(path: Path, added: AddedPackages, interpreter: Interpreter) -> list[str | Path]:
    argv: list[str | Path] = ["pip", "install", "--quiet", "--target", path, "--python", interpreter.path]
    argv += ["--requirements", path.with_suffix(".txt"), "--require-hashes", "--no-deps", "--link-mode", "hardlink"]
    return argv + (["--exclude-newer", added.exclude_newer.isoformat()] if added.exclude_newer else [])


def variable(companion: Companion) -> str:
    """Return the environment variable that a cell's cases find a companion by."""
    return f"HUBMATRIX_{companion.name}"


def variable_value(companion: CompanionFolder | Failure) -> str:
    """Return the variable's value: the folder, or the resolver's proof (the case is skipped), or what this machine lacks."""
    if not isinstance(companion, Failure):
        return str(companion.path)
    if companion.status is Status.LOCK_FAILED:
        return f"unsatisfiable: {companion.message}"
    trouble = f" ({companion.trouble.value})" if companion.trouble else ""
    return f"unavailable{trouble}: {companion.message}"
