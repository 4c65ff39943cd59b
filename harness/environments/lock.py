"""Lock what a user would type: hashed requirements, resolved by uv for one interpreter and one date.

    .hubmatrix/locks/<digest of the request>.txt    the lock, requirements format, hashes, no address of an index
    .hubmatrix/locks/<digest of the request>.json   the request, or the resolver's proof that it can't be satisfied

`as-released` locks are resolved once. Those of `today` and `today-uv` are resolved at most once a day; where the index can't be
reached, the last one serves, and says its date.

A folder is sealed where another machine made its locks, for a whole plan: then nothing is resolved, and each lock holds on any day.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path

from filelock import AsyncFileLock
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import BaseModel, ConfigDict

from harness.base.files import write_atomically
from harness.domain import EnvironmentRequest, Status, Trouble
from harness.environments import pip
from harness.environments.interpreters import Interpreter, Seed
from harness.environments.seeds import offered, preferences, seeds_of, with_seeds
from harness.environments.uv import Failure, call, failure
from harness.matrix.request import exclude_newer, is_seeded, overrides, requirements

RESOLVE_SECONDS = 600.0
PRERELEASES = "explicit"
"""uv's word for: of a package that the user types, take a pre-release only if the requirement names one.

Its default, and pip's, would take tensorflow-text 2.13.0rc0 on Python 3.11, which has no final wheel of it; an older Python that
has the final one is taken then. For packages that others depend on the default holds: TensorFlow 2.5 depends on keras-nightly, of
which there are only pre-releases."""
SEALED = "plan.json"
"""The file that says of a folder that its locks were made for a plan, and which (`harness/run/sealed.py`)."""
YES = ("1", "true", "t", "yes", "y", "on")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRequest:
    """A request to the resolver: requirements as typed, and `overrides` that replace what packages ask of each other.

    `constraints`: versions of packages, for those that get installed at all. `wheels`: packages that are never built here.
    `daily`: the lock holds for a day only, since no date limits it. `day`: it belongs to that day, and holds for good.
    `seeded`: for a venv that has what `python -m venv` puts there, by pip's rules for what is installed already.
    """

    requirements: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    wheels: tuple[str, ...] = ()
    day: date | None = None
    exclude_newer: date | None
    daily: bool
    seeded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A requirements file at `path`, with its digest `sha256` and the day on which it was resolved.

    `packages` are names and versions. `seeds` are the pins of what the venv was seeded with; `packages` has them too, or what
    replaced them.
    """

    path: Path
    sha256: str
    resolved: date
    packages: tuple[tuple[str, str], ...]
    exclude_newer: date | None
    seeds: tuple[str, ...] = ()


class _Meta(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    requirements: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    wheels: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    prereleases: str
    by_pip: bool = False
    day: date | None = None
    python: str
    platform: str
    exclude_newer: date | None
    resolved: date
    failed: str | None = None
    evidence: str = ""


def today() -> date:
    """Return the day of a `today` lock, UTC."""
    return datetime.now(timezone.utc).date()


def lock_request(request: EnvironmentRequest) -> LockRequest:
    """Return the request for an environment of the matrix."""
    limit = exclude_newer(request)
    return LockRequest(
        requirements=requirements(request),
        overrides=overrides(request),
        exclude_newer=limit,
        daily=limit is None,
        seeded=is_seeded(request),
    )


async def resolve_lock(uv: Path, folder: Path, request: LockRequest, interpreter: Interpreter, *, refresh: bool) -> Lock | Failure:
    """Return the lock of a request: the stored one while it holds, else a new one from the index."""
    meta = _meta(request, interpreter)
    stem = folder / _digest(meta)
    if is_sealed(folder):
        return _read(stem, fresh_only=False) or _not_sealed(request, interpreter)
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncFileLock(stem.with_suffix(".lock")):
        stored_lock = _read(stem, fresh_only=request.daily)
        if stored_lock and not refresh:
            return stored_lock
        # uv would silently resolve from its cache then, with exit code 0 and other versions than the index has today.
        if _is_offline():
            return _read(stem, fresh_only=False) or OFFLINE
        answer = await _compile(uv, stem, meta, request, interpreter, refresh=refresh)
        # The record of a lock of an earlier day says that day (`locked_on`), so it is better than an unavailable cell.
        if isinstance(answer, Failure) and answer.trouble is Trouble.NETWORK:
            return _read(stem, fresh_only=False) or answer
        return answer


def stored(folder: Path, request: LockRequest, interpreter: Interpreter) -> Lock | Failure | None:
    """Return the lock that a run would use without asking the index; None where it would ask."""
    if is_sealed(folder):
        return _read(folder / name_of(request, interpreter), fresh_only=False) or _not_sealed(request, interpreter)
    return _read(folder / name_of(request, interpreter), fresh_only=request.daily)


def name_of(request: LockRequest, interpreter: Interpreter) -> str:
    """Return the name, without an ending, of the files of a request's lock or of the proof that there is none."""
    return _digest(_meta(request, interpreter))


def is_sealed(folder: Path) -> bool:
    """Return whether another machine made all locks of a folder."""
    return (folder / SEALED).is_file()


def _not_sealed(request: LockRequest, interpreter: Interpreter) -> Failure:
    message = f"no lock was made for {' '.join(request.requirements)} on {interpreter.label}"
    seeds = " ".join(preferences(seeds_of(interpreter)).split()) if request.seeded else ""
    evidence = f"{message}{f', whose venvs hold {seeds}' if seeds else ''}\nThe run was given its locks, and resolves nothing.\n"
    hint = "Make them, with `hubmatrix lock`, on a machine that has the same interpreters."
    return Failure(status=Status.UNAVAILABLE, trouble=Trouble.INTERPRETER, message=message, evidence=evidence + hint)


def files_of(folder: Path, request: LockRequest, interpreter: Interpreter) -> tuple[Path, Path]:
    """Return the files of a stored lock, its record and the lock itself, whether they are there or not."""
    stem = folder / _digest(_meta(request, interpreter))
    return stem.with_suffix(".json"), stem.with_suffix(".txt")


def store_lock(folder: Path, request: LockRequest, interpreter: Interpreter, text: str) -> Lock:
    """Store a lock that came from elsewhere, as if it had been resolved here today."""
    meta = _meta(request, interpreter)
    return _store(folder / _digest(meta), meta, text)


def _store(stem: Path, meta: _Meta, text: str) -> Lock:
    # The lock before its record: without a record a lock doesn't count yet.
    write_atomically(stem.with_suffix(".txt"), text)
    write_atomically(stem.with_suffix(".json"), meta.model_dump_json(indent=1))
    return _lock(stem.with_suffix(".txt"), meta)


OFFLINE = Failure(
    status=Status.UNAVAILABLE,
    trouble=Trouble.NETWORK,
    message="UV_OFFLINE is set, and there is no lock of an earlier day",
    evidence="UV_OFFLINE is set: the index was not asked.",
)


def _is_offline() -> bool:
    return os.environ.get("UV_OFFLINE", "").lower() in YES


def _meta(request: LockRequest, interpreter: Interpreter) -> _Meta:
    seeds = seeds_of(interpreter) if request.seeded else ()
    # pip can't be asked what an index held on an earlier day, nor to replace what packages ask of each other.
    plain = not (request.exclude_newer or request.overrides or request.constraints or request.wheels)
    return _Meta(
        requirements=request.requirements,
        overrides=request.overrides,
        constraints=request.constraints,
        wheels=request.wheels,
        seeds=tuple(preferences(seeds).split()),
        prereleases=PRERELEASES,
        by_pip=request.seeded and plain and pip.can_tell(interpreter),
        day=request.day,
        python=interpreter.minor,
        platform=interpreter.platform,
        exclude_newer=request.exclude_newer,
        resolved=today(),
    )


def _digest(meta: _Meta) -> str:
    # The name of a stored lock: another order or spelling here, and every lock is resolved again, with other versions.
    parts: list[object] = [*meta.requirements, meta.python, meta.platform, str(meta.exclude_newer), *meta.overrides]
    parts.append([meta.constraints, meta.wheels, str(meta.day), meta.seeds, meta.prereleases, meta.by_pip])
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


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
        seeds=meta.seeds,
    )


def _packages(text: str) -> tuple[tuple[str, str], ...]:
    pins = [line.split(" ", 1)[0].partition("==") for line in text.splitlines() if line[:1].isalnum()]
    return tuple((name, version) for name, _, version in pins)


async def _compile(
    uv: Path, stem: Path, meta: _Meta, request: LockRequest, interpreter: Interpreter, *, refresh: bool
) -> Lock | Failure:
    """Resolve a lock and store it, or the proof that there is none; return the lock or the failure.

    A proof counts once it came out twice, the second time from an index that was asked anew: a page that was cut off, empty or
    of somebody else looks like packages that don't exist.
    """
    seeds = seeds_of(interpreter) if request.seeded else ()
    text = await _chosen(uv, stem, meta, interpreter, seeds, refresh=refresh)
    if isinstance(text, Failure) and text.status is not Status.UNAVAILABLE:
        text = await _chosen(uv, stem, meta, interpreter, seeds, refresh=True)
    if isinstance(text, str):
        return _store(stem, meta, with_seeds(text, seeds))
    # Only a proof is kept. Any other failure may be gone at the next attempt.
    if text.status is Status.LOCK_FAILED:
        proof = meta.model_copy(update={"failed": text.message, "evidence": text.evidence})
        write_atomically(stem.with_suffix(".json"), proof.model_dump_json(indent=1))
    return text


async def _chosen(
    uv: Path, stem: Path, meta: _Meta, interpreter: Interpreter, seeds: tuple[Seed, ...], *, refresh: bool
) -> str | Failure:
    """Return a requirements file with hashes, of the versions that the user's installer would choose."""
    text = await _resolved(uv, stem, meta, interpreter, seeds, refresh=refresh)
    return text if isinstance(text, Failure) or not meta.by_pip else await _as_pip(uv, stem, meta, interpreter, seeds, text)


async def _resolved(
    uv: Path, stem: Path, meta: _Meta, interpreter: Interpreter, seeds: tuple[Seed, ...], *, refresh: bool
) -> str | Failure:
    """Resolve by uv; return a requirements file with hashes."""
    typed = (canonicalize_name(Requirement(line).name) for line in meta.requirements)
    argv: list[str | Path] = [*_newest(meta.exclude_newer)]
    argv += [f"--prerelease-package={name}={meta.prereleases}" for name in typed]
    argv += [*_listed(stem, "override", meta.overrides), *_listed(stem, "constraint", meta.constraints)]
    argv += [f"--only-binary={name}" for name in meta.wheels]
    argv += ["--refresh"] if refresh else []
    return await _uv_compile(uv, stem, meta.requirements, interpreter, seeds, argv)


async def _as_pip(uv: Path, stem: Path, meta: _Meta, interpreter: Interpreter, seeds: tuple[Seed, ...], text: str) -> str | Failure:
    """Return uv's solution where it is pip's, else pip's, with the hashes that uv knows of those versions."""
    chosen = await pip.choices(stem.parent, interpreter, meta.requirements, timeout=RESOLVE_SECONDS)
    if isinstance(chosen, Failure) or chosen == dict(_packages(text)):
        return chosen if isinstance(chosen, Failure) else text
    pins = tuple(f"{name}=={version}" for name, version in sorted(chosen.items()))
    return await _uv_compile(uv, stem, pins, interpreter, seeds, ["--no-deps"])


async def _uv_compile(
    uv: Path,
    stem: Path,
    lines: tuple[str, ...],
    interpreter: Interpreter,
    seeds: tuple[Seed, ...],
    options: list[str | Path],
) -> str | Failure:
    source, output = stem.with_suffix(".in"), stem.with_suffix(".out")
    write_atomically(source, "".join(f"{line}\n" for line in lines))
    # uv keeps the versions of an existing output file where they satisfy everything.
    write_atomically(output, preferences(seeds))
    argv: list[str | Path] = ["pip", "compile", source, "--quiet", "--generate-hashes", "--no-header", "--no-annotate"]
    argv += ["--output-file", output, "--python", interpreter.path, *options]
    completed = await call(uv, argv, timeout=RESOLVE_SECONDS, env=offered(seed.wheel.parent for seed in seeds))
    if completed.ok:
        return output.read_text(encoding="utf-8")
    return failure(completed, of=Status.LOCK_FAILED, timeout=RESOLVE_SECONDS)


def _newest(limit: date | None) -> list[str]:
    return ["--exclude-newer", limit.isoformat()] if limit else []


def _listed(stem: Path, noun: str, lines: tuple[str, ...]) -> list[str | Path]:
    """Return the option `--override FILE` or `--constraint FILE`, its file written; nothing without lines."""
    if not lines:
        return []
    source = stem.with_suffix(f".{noun}")
    write_atomically(source, "".join(f"{line}\n" for line in lines))
    return [f"--{noun}", source]
