"""Runs that would do nothing: recognized by what they depend on, and recorded without planning, hashing or looking up anything.

A run that found nothing to do is remembered, with the digest of everything that decides what a run does: code, matrix.yaml, cases,
claims, locks, interpreters, accelerators, the day, and the facts of the store. While all of it is the same, the same command has
nothing to do again: it records a run that refers to the same facts. Anything that differs, and everything that isn't understood,
takes the long way, so this decides on time alone.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.base.memo import code_digest, digest_of
from harness.base.processor import processor_level
from harness.base.workspace import Workspace
from harness.catalog.files import read_sources
from harness.commands.site import NAMES, Summary, site_digest
from harness.domain import Device, EnvironmentRequest, Plan, Status, Trouble
from harness.environments import accelerators, interpreters
from harness.environments.interpreters import Interpreter
from harness.incell import hubmatrix_fence
from harness.results.format import CellRecord, EnvironmentRecord
from harness.results.run import Run, first_opinions
from harness.results.store import StoreState, open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The options that were typed, and the machine that they were typed on. `tier` is None for the default.

    `interpreters` are the files of interpreters: path, inode, size and time of the last change. Asking them all takes 0.4 s.
    """

    tier: str | None
    options: tuple[str, ...]
    interpreters: tuple[tuple[str, int, int, int], ...]
    accelerators: accelerators.MachineFacts
    fence: str

    @property
    def memo(self) -> str:
        """The file that remembers its last run: one a tier, so the folder doesn't grow with what users select."""
        return f"still-{self.tier or 'default'}.json"


class StillRun(BaseModel):
    """A run that found nothing to do, and what that depends on beside the digest of `_inputs`.

    `locks` are the files that were read or missed, by name, and `locked` the digest of their contents. `lines` is what the run told
    about what it can't measure. `site` is None where it rendered none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    store: StoreState
    locks: tuple[str, ...]
    locked: str
    planned: tuple[int, int, int]
    lines: tuple[str, ...]
    cells: dict[str, int]
    reused: int
    site: str | None


def command_here(tier: str | None, options: tuple[str, ...], *, fence: bool) -> Command:
    """Return a command as it was typed on this machine."""
    return Command(
        tier=tier,
        options=options,
        interpreters=tuple(map(_file, interpreters.candidates(os.environ, Path.home()))),
        accelerators=accelerators.probe(),
        fence=f"{hubmatrix_fence.level()} {fence}",
    )


def _file(path: Path) -> tuple[str, int, int, int]:
    facts = path.stat()
    return str(path.resolve()), facts.st_ino, facts.st_size, facts.st_mtime_ns


def repeat(workspace: Workspace, command: Command) -> tuple[Summary, tuple[str, ...]] | None:
    """Record a run that has nothing to do; return its summary and what it tells, or None where there may be something to do."""
    text = workspace.memo.read(command.memo, _inputs(workspace, command))
    if text is None or not workspace.results.is_file():
        return None
    try:
        still = StillRun.model_validate_json(text)
    except ValidationError:
        return None
    if still.locked != _contents(workspace.locks, still.locks) or still.site != site_digest(workspace):
        return None
    moment = datetime.now(timezone.utc)
    name, second = f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}", moment.isoformat(timespec="seconds")
    with open_store(workspace.results) as store:
        if store.state() != still.store or not store.repeat(still.run, run=name, started=second, finished=second):
            return None
    cells, environments, reused = still.planned
    page = (workspace.site / NAMES[0]).relative_to(workspace.root)
    summary = Summary(run=name, page=page, cells=Counter(still.cells), reused=still.reused, seconds=None)
    return summary, (f"{cells} cells in {environments} environments, {reused} known already", *still.lines)


def state_of(workspace: Workspace) -> StoreState | None:
    """Return the state of the store before a run; None where there is no store yet."""
    if not workspace.results.is_file():
        return None
    with open_store(workspace.results) as store:
        return store.state()


def remember(
    workspace: Workspace,
    command: Command,
    plan: Plan,
    run: Run,
    before: StoreState | None,
    summary: Summary,
    by_minor: Mapping[str, Interpreter],
) -> None:
    """Keep a run that did nothing in mind; leave any other alone.

    Args:
        workspace: the project.
        command: what was typed.
        plan: the whole plan.
        run: what was recorded.
        before: the state of the store before that.
        summary: of the run.
        by_minor: the interpreters that it had.
    """
    after = state_of(workspace)
    if before is None or after != before or not _did_nothing(plan, run, command):
        return
    refused = [record for record in run.environments if record.status is not Status.COMPLETED and not record.reused]
    requests = plan.environments.values()
    names = tuple(sorted({path.name for request in requests for path in _lock_files(workspace, request, by_minor)}))
    first = first_opinions(run)
    still = StillRun(
        run=run.header.run,
        store=before,
        locks=names,
        locked=_contents(workspace.locks, names),
        planned=(len(plan.cells), len(plan.environments), sum(record.reused for record in first.cells)),
        lines=tuple(map(_line, refused)),
        cells=dict(summary.cells),
        reused=summary.reused,
        site=site_digest(workspace),
    )
    workspace.memo.write(command.memo, _inputs(workspace, command), still.model_dump_json())


def _lock_files(workspace: Workspace, request: EnvironmentRequest, by_minor: Mapping[str, Interpreter]) -> tuple[Path, ...]:
    from harness.run.prepare import lock_files  # a run that is repeated does without it

    return lock_files(workspace.locks, request, by_minor)


def _did_nothing(plan: Plan, run: Run, command: Command) -> bool:
    """Return True if a run took everything over, or found again what follows from this machine and its locks alone."""
    missing = accelerators.lacking({cell.axes.device for cell in plan.cells}, command.accelerators)
    by_environment: dict[str, set[Device]] = {}
    for cell in plan.cells:
        by_environment.setdefault(cell.environment, set()).add(cell.axes.device)
    if run.footer is None or run.footer.interrupted or not all(record.reused for record in run.cases):
        return False
    return all(
        record.reused or _follows(record) or ({record.axes.device} <= missing.keys() and _lacks_device(record))
        for record in run.cells
    ) and all(
        record.reused
        or _follows(record)
        or (_lacks_device(record) and record.id in by_environment and by_environment[record.id] <= missing.keys())
        for record in run.environments
    )


def _follows(record: EnvironmentRecord | CellRecord) -> bool:
    return record.status is Status.LOCK_FAILED or (record.status is Status.UNAVAILABLE and record.trouble is Trouble.INTERPRETER)


def _lacks_device(record: EnvironmentRecord | CellRecord) -> bool:
    return record.status is Status.UNAVAILABLE and record.trouble is Trouble.DEVICE


def _line(record: EnvironmentRecord) -> str:
    status = f"{record.status.value} ({record.trouble.value})" if record.trouble else record.status.value
    return f"{record.id}: {status}: {record.message}"


def _inputs(workspace: Workspace, command: Command) -> str:
    """Return the digest of what decides what a run does, but for locks, facts and the site."""
    files = (workspace.matrix, workspace.claims)
    baseline = workspace.root / "reports" / "baseline"
    return digest_of(
        code_digest(),
        datetime.now(timezone.utc).date().isoformat(),  # what has no date is locked anew each day
        repr(command),
        processor_level(),
        *(path.read_bytes() if path.is_file() else b"" for path in files),
        *(part for name, source in read_sources(workspace.cases).items() for part in (name, source)),
        "baseline",
        *_parts(sorted(path for path in baseline.rglob("*") if path.is_file())),
    )


def _contents(folder: Path, names: Iterable[str]) -> str:
    return digest_of(*_parts(folder / name for name in names))


def _parts(paths: Iterable[Path]) -> Iterator[bytes | str]:
    for path in paths:
        yield path.name
        yield path.read_bytes() if path.is_file() else "missing"
