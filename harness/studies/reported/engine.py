"""The engine of `hubmatrix reproduce`: lock, reuse what was observed before, run the rest, record everything.

Several reproductions run at once. Each observation is in the journal as soon as it is made, so the same command goes on after
a kill.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol

from harness.base.errors import Interrupted
from harness.base.workspace import Workspace
from harness.environments import disk
from harness.environments.uv import Failure
from harness.results.format import Package
from harness.run.keys import Identity
from harness.run.machine import Machine, run_together, until_interrupted
from harness.run.prepare import AT_ONCE, identify
from harness.run.records import now
from harness.run.slots import Slots
from harness.studies.reported import journal
from harness.studies.reported.journal import Journal, ReproductionRecord, StepRecord
from harness.studies.reported.model import End, Reproduction, ReproductionOutcome, Step, UserReport
from harness.studies.reported.perform import definition, perform, refused, reproduction_key, tasks_of

NEVER_REUSED = (End.UNAVAILABLE, End.LOCK_FAILED)
"""Ends that say something about this machine; and failed locks, which the folder of locks stores itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproduceOptions:
    """The options of a user: `refresh` to lock again, `rerun` to run again."""

    refresh: bool = False
    rerun: bool = False


class ReproduceWatcher(Protocol):
    """Receives every event as it happens. Must not raise."""

    def planned(self, count: int) -> None: ...
    def begun(self, reproduction: Reproduction) -> None: ...
    def finished(self, reproduction: Reproduction, observed: ReproductionOutcome, *, reused: bool) -> None: ...
    def __enter__(self) -> ReproduceWatcher: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def reproduce(reports: Sequence[UserReport], machine: Machine, options: ReproduceOptions, watcher: ReproduceWatcher) -> None:
    """Run the reproductions that have no observation yet.

    Raises:
        Interrupted: on Ctrl-C (exit code 130); everything observed so far is kept.
    """
    with watcher:
        finished = asyncio.run(until_interrupted(_reproduce_all(reports, machine, options, watcher)))
    if not finished:
        raise Interrupted("interrupted; everything observed so far is kept", hint="the same command goes on from here")


async def _reproduce_all(
    reports: Sequence[UserReport], machine: Machine, options: ReproduceOptions, watcher: ReproduceWatcher
) -> None:
    reproducer = _Reproducer(
        machine=machine,
        options=options,
        watcher=watcher,
        journal=Journal(machine.workspace.observed),
        observations={} if options.rerun else _reusable_observations(machine.workspace),
        work=machine.workspace.work / f"reported-{secrets.token_hex(4)}",
        locks=asyncio.Semaphore(AT_ONCE),
        slots=Slots(machine.slots),
    )
    todo = [reproduction for report in reports for reproduction in report.reproductions]
    watcher.planned(len(todo))
    with disk.work_folder(reproducer.work):
        await run_together(reproducer.reproduce(reproduction) for reproduction in todo)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reproducer:
    """The state that all reproductions of one execution share. `observations` and `turns` are by key, and grow."""

    machine: Machine
    options: ReproduceOptions
    watcher: ReproduceWatcher
    journal: Journal
    observations: dict[str, ReproductionOutcome]
    work: Path
    locks: asyncio.Semaphore
    slots: Slots
    turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def reproduce(self, reproduction: Reproduction) -> None:
        """Lock the steps of a reproduction; then reuse, refuse or run it."""
        identities: list[Identity] = []
        for number, step in enumerate(reproduction.steps):
            answer = await identify(self.machine, step.recipe, self.locks, refresh=self.options.refresh)
            if isinstance(answer, Failure):
                self._keep(reproduction, tuple(identities), None, refused(answer, number))
                return
            identities.append(answer)
        tasks = tasks_of(self.machine, reproduction, tuple(identities))
        key = reproduction_key(self.machine, tasks)
        # Several reports may ask for the very same steps: the second waits for the first one's observation. The lock comes
        # before the slot, so that it waits without one.
        async with self.turns.setdefault(key, asyncio.Lock()):
            if key in self.observations:
                self.watcher.finished(reproduction, self.observations[key], reused=True)
                return
            async with self.slots.hold(0.0):
                self.watcher.begun(reproduction)
                observed = await perform(self.machine, tasks, self.work / reproduction.name)
            self.observations[key] = observed
            self._keep(reproduction, tuple(identities), key, observed)

    def _keep(
        self, reproduction: Reproduction, identities: tuple[Identity, ...], key: str | None, observed: ReproductionOutcome
    ) -> None:
        # A step that failed to lock, and those after it, have no identity; the record has a row for each step all the same.
        padded = (*identities, *[None] * (len(reproduction.steps) - len(identities)))
        self.journal.write(
            ReproductionRecord(
                reproduction=reproduction.name,
                definition=definition(self.machine, reproduction),
                key=key,
                steps=tuple(_step_record(step, identity) for step, identity in zip(reproduction.steps, padded, strict=True)),
                end=observed.end,
                step=observed.step,
                kinds=observed.kinds,
                message=observed.message,
                evidence=observed.evidence,
                output=observed.output,
                trouble=observed.trouble,
                seconds=observed.seconds,
                recorded=now(),
            )
        )
        self.watcher.finished(reproduction, observed, reused=False)


def _step_record(step: Step, identity: Identity | None) -> StepRecord:
    requirements = step.requirements
    lock = identity.lock if identity else None
    return StepRecord(
        requirements=requirements.requirements,
        overrides=requirements.overrides,
        exclude_newer=requirements.exclude_newer.isoformat() if requirements.exclude_newer else None,
        settings=dict(step.settings),
        python=identity.interpreter.version if identity else None,
        lock=lock.sha256 if lock else None,
        locked_on=lock.resolved.isoformat() if lock else None,
        packages=tuple(Package(name=name, version=version) for name, version in lock.packages) if lock else (),
        script=step.script,
    )


def _reusable_observations(workspace: Workspace) -> dict[str, ReproductionOutcome]:
    """Return the newest observation under each key, of those that may be reused."""
    records = journal.read_journal(workspace.observed)
    return {record.key: record.observed for record in records if record.key and record.end not in NEVER_REUSED}
