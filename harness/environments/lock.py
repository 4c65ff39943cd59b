"""From what a user would type to a lock: hashed requirements, resolved by uv for one interpreter and one date.

    .hubmatrix/locks/<digest of the request>.txt    the lock, requirements format, hashes, no address of an index
    .hubmatrix/locks/<digest of the request>.json   how it was resolved, or the resolver's proof that it can't be

`as-released` locks are resolved once. `today` locks are resolved at most once a day; where the index can't be reached, the
last one serves, and says its date.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path

from filelock import AsyncFileLock
from pydantic import BaseModel, ConfigDict

from harness.base.files import write_atomically
from harness.domain import EnvironmentRequest, InstallPolicy, Status, Trouble
from harness.environments.interpreters import Interpreter
from harness.environments.uv import UNSATISFIABLE, Failure, call, failure
from harness.matrix.request import exclude_newer, overrides, requirements

RESOLVE_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of the resolver: requirements as typed, and those that replace what packages ask of each other.

    `constraints`: the versions of packages, where any package asks for them. `wheels`: packages that are never built here.
    `daily`: the answer holds for a day only, since no date limits it. `day`: it belongs to that day, and holds for good.
    """

    requirements: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    wheels: tuple[str, ...] = ()
    day: date | None = None
    exclude_newer: date | None
    daily: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What is installed: `text` is the requirements file, `sha256` its digest, `resolved` the day it was made."""

    path: Path
    sha256: str
    resolved: date
    packages: tuple[tuple[str, str], ...]
    exclude_newer: date | None


class _Meta(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    requirements: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    wheels: tuple[str, ...] = ()
    day: date | None = None
    python: str
    platform: str
    exclude_newer: date | None
    resolved: date
    failed: str | None = None
    evidence: str = ""


def today() -> date:
    """The day of a `today` lock, UTC."""
    return datetime.now(timezone.utc).date()


def wanted(request: EnvironmentRequest) -> Wanted:
    """What an environment of the matrix asks of the resolver."""
    return Wanted(
        requirements=requirements(request),
        overrides=overrides(request),
        exclude_newer=exclude_newer(request),
        daily=request.install is InstallPolicy.TODAY,
    )


async def resolve_wanted(uv: Path, folder: Path, asked: Wanted, interpreter: Interpreter, *, refresh: bool) -> Lock | Failure:
    """Return the lock of what is asked: the stored one while it holds, else a new one from the index."""
    meta = _meta(asked, interpreter)
    stem = folder / _digest(meta)
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncFileLock(stem.with_suffix(".lock")):
        known = _read(stem, fresh_only=asked.daily)
        if known and not refresh:
            return known
        found = await _compile(uv, stem, meta, interpreter, refresh=refresh)
        if isinstance(found, Failure) and found.trouble is Trouble.NETWORK:
            return _read(stem, fresh_only=False) or found
        return found


def stored(folder: Path, asked: Wanted, interpreter: Interpreter) -> Lock | Failure | None:
    """Return the lock that a run would use without asking the index; None where it would ask."""
    return _read(folder / _digest(_meta(asked, interpreter)), fresh_only=asked.daily)


def _meta(asked: Wanted, interpreter: Interpreter) -> _Meta:
    return _Meta(
        requirements=asked.requirements,
        overrides=asked.overrides,
        constraints=asked.constraints,
        wheels=asked.wheels,
        day=asked.day,
        python=interpreter.minor,
        platform=interpreter.platform,
        exclude_newer=asked.exclude_newer,
        resolved=today(),
    )


def _digest(meta: _Meta) -> str:
    asked: list[object] = [*meta.requirements, meta.python, meta.platform, str(meta.exclude_newer), *meta.overrides]
    if meta.constraints or meta.wheels or meta.day:
        asked.append([meta.constraints, meta.wheels, str(meta.day)])
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:24]


def _read(stem: Path, *, fresh_only: bool) -> Lock | Failure | None:
    try:
        meta = _Meta.model_validate_json(stem.with_suffix(".json").read_bytes())
    except (OSError, ValueError):
        return None
    if fresh_only and meta.resolved != today():
        return None
    if meta.failed is not None:
        return Failure(status=Status.LOCK_FAILED, trouble=None, message=meta.failed, evidence=meta.evidence)
    path = stem.with_suffix(".txt")
    return _lock(path, meta) if path.is_file() else None


def _lock(path: Path, meta: _Meta) -> Lock:
    text = path.read_text(encoding="utf-8")
    return Lock(
        path=path,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        resolved=meta.resolved,
        packages=_packages(text),
        exclude_newer=meta.exclude_newer,
    )


def _packages(text: str) -> tuple[tuple[str, str], ...]:
    pins = [line.split(" ", 1)[0].partition("==") for line in text.splitlines() if line[:1].isalnum()]
    return tuple((name, version) for name, _, version in pins)


async def _compile(uv: Path, stem: Path, meta: _Meta, interpreter: Interpreter, *, refresh: bool) -> Lock | Failure:
    source = stem.with_suffix(".in")
    write_atomically(source, "".join(f"{line}\n" for line in meta.requirements))
    argv: list[str | Path] = ["pip", "compile", source, "--quiet", "--generate-hashes", "--no-header", "--no-annotate"]
    argv += ["--python", interpreter.path, *_newest(meta.exclude_newer)]
    argv += [*_listed(stem, "override", meta.overrides), *_listed(stem, "constraint", meta.constraints)]
    argv += [f"--only-binary={name}" for name in meta.wheels]
    argv += ["--refresh"] if refresh else []
    done = await call(uv, argv, timeout=RESOLVE_SECONDS)
    if done.ok:
        write_atomically(stem.with_suffix(".txt"), done.stdout)
        write_atomically(stem.with_suffix(".json"), meta.model_dump_json(indent=1))
        return _lock(stem.with_suffix(".txt"), meta)
    found = failure(done, of=Status.LOCK_FAILED, timeout=RESOLVE_SECONDS)
    if found.status is Status.LOCK_FAILED and UNSATISFIABLE.search(found.evidence):
        kept = meta.model_copy(update={"failed": found.message, "evidence": found.evidence})
        write_atomically(stem.with_suffix(".json"), kept.model_dump_json(indent=1))
    return found


def _newest(limit: date | None) -> list[str]:
    return ["--exclude-newer", limit.isoformat()] if limit else []


def _listed(stem: Path, what: str, lines: tuple[str, ...]) -> list[str | Path]:
    """The option `--override FILE` or `--constraint FILE`."""
    if not lines:
        return []
    source = stem.with_suffix(f".{what}")
    write_atomically(source, "".join(f"{line}\n" for line in lines))
    return [f"--{what}", source]
