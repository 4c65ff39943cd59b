"""Reproducing many reports: lock, look up what is known, run the rest, keep everything.

Several at once; each fact is in the journal as soon as it is one, so the same command goes on after a kill.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from harness.base.errors import Interrupted, SelectionError
from harness.base.suggestions import did_you_mean
from harness.base.workspace import Workspace
from harness.environments import uv as uv_tool
from harness.environments.interpreters import Interpreter
from harness.environments.uv import Failure
from harness.matrix import Spec
from harness.results.format import Package
from harness.run.machine import slots, until_interrupted
from harness.run.prepare import machine_interpreters
from harness.run.records import now
from harness.studies.reported import journal
from harness.studies.reported.journal import Journal, ObservedRecord, StepRecord
from harness.studies.reported.model import Category, End, Observed, Reported, Reproduction, Step
from harness.studies.reported.perform import Bench, Ready, definition, key, locked, perform, refused

NEVER_REUSED = (End.UNAVAILABLE, End.LOCK_FAILED)
"""What speaks of the machine; and locks that fail, which the folder of locks keeps itself."""
LOCKS_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a user may choose. `jobs` None: as many as cores and memory allow."""

    jobs: int | None = None
    refresh: bool = False
    rerun: bool = False


class Watcher(Protocol):
    """Told of everything as it happens. Must not raise."""

    def planned(self, count: int) -> None: ...
    def begun(self, reproduction: Reproduction) -> None: ...
    def done(self, reproduction: Reproduction, observed: Observed, *, reused: bool) -> None: ...


def choose(reported: Sequence[Reported], names: Sequence[str], categories: Sequence[str]) -> tuple[Reported, ...]:
    """The reports of these ids (patterns with * and ?) and categories; all where none are given.

    Raises:
        SelectionError: a name that fits none, or nothing is left.
    """
    for name in names:
        if not any(fnmatchcase(one.id, name) for one in reported):
            raise SelectionError(f"no report {name!r}", hint=did_you_mean(name, (one.id for one in reported)))
    known = [category.value for category in Category]
    for category in categories:
        if category not in known:
            raise SelectionError(f"no category {category!r}", place="--category", hint=did_you_mean(category, known))
    found = tuple(
        one
        for one in reported
        if (not names or any(fnmatchcase(one.id, name) for name in names)) and (not categories or one.category.value in categories)
    )
    if not found:
        raise SelectionError("nothing is selected", hint="drop the names or the categories")
    return found


def reproduce(chosen: Sequence[Reported], place: Workspace, spec: Spec, options: Options, watcher: Watcher) -> None:
    """Run what is not known yet. Interrupted (exit code 130) on Ctrl-C, with all that was done kept."""
    if not asyncio.run(until_interrupted(_all(chosen, place, spec, options, watcher))):
        raise Interrupted("interrupted; everything observed so far is kept", hint="the same command goes on from here")


async def _all(chosen: Sequence[Reported], place: Workspace, spec: Spec, options: Options, watcher: Watcher) -> None:
    found = await machine_interpreters()
    bench = bench_of(place, spec, found)
    at_work = _AtWork(
        bench=bench,
        options=options,
        watcher=watcher,
        journal=Journal(place.observed),
        known={} if options.rerun else _known(place),
        turns={},
        work=place.work / f"reported-{secrets.token_hex(4)}",
        locks=asyncio.Semaphore(LOCKS_AT_ONCE),
        slots=asyncio.Semaphore(slots(options.jobs)),
    )
    todo = [one for reported in chosen for one in reported.reproductions]
    watcher.planned(len(todo))
    tasks = [asyncio.create_task(at_work.one(reproduction)) for reproduction in todo]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        shutil.rmtree(at_work.work, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _AtWork:
    """What all reproductions of one execution share."""

    bench: Bench
    options: Options
    watcher: Watcher
    journal: Journal
    known: dict[str, Observed]
    turns: dict[str, asyncio.Lock]
    work: Path
    locks: asyncio.Semaphore
    slots: asyncio.Semaphore

    async def one(self, reproduction: Reproduction) -> None:
        """Lock its steps; then reuse, refuse or run."""
        ready: list[Ready] = []
        for number, step in enumerate(reproduction.steps):
            async with self.locks:
                answer = await locked(self.bench, step, refresh=self.options.refresh)
            if isinstance(answer, Failure):
                self._keep(reproduction, tuple(ready), None, refused(answer, number))
                return
            ready.append(answer)
        own = key(self.bench, reproduction, tuple(ready))
        async with self.turns.setdefault(own, asyncio.Lock()):  # several reports may ask for the very same
            if own in self.known:
                self.watcher.done(reproduction, self.known[own], reused=True)
                return
            async with self.slots:
                self.watcher.begun(reproduction)
                observed = await perform(self.bench, reproduction, tuple(ready), self.work / reproduction.name)
            self.known[own] = observed
            self._keep(reproduction, tuple(ready), own, observed)

    def _keep(self, reproduction: Reproduction, ready: tuple[Ready, ...], own: str | None, observed: Observed) -> None:
        padded = (*ready, *[None] * (len(reproduction.steps) - len(ready)))
        self.journal.write(
            ObservedRecord(
                reproduction=reproduction.name,
                definition=definition(self.bench, reproduction),
                key=own,
                steps=tuple(_step_record(step, one) for step, one in zip(reproduction.steps, padded, strict=True)),
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
        self.watcher.done(reproduction, observed, reused=False)


def _step_record(step: Step, ready: Ready | None) -> StepRecord:
    asked = step.wanted
    known, interpreter = ready or (None, None)
    return StepRecord(
        requirements=asked.requirements,
        overrides=asked.overrides,
        exclude_newer=asked.exclude_newer.isoformat() if asked.exclude_newer else None,
        settings=dict(step.settings),
        python=interpreter.version if interpreter else None,
        lock=known.sha256 if known else None,
        locked_on=known.resolved.isoformat() if known else None,
        packages=tuple(Package(name=name, version=version) for name, version in known.packages) if known else (),
        script=step.script,
    )


def bench_of(place: Workspace, spec: Spec, found: Mapping[str, Interpreter]) -> Bench:
    return Bench(uv=uv_tool.find(), place=place, scripts=place.reported, limits=spec.limits, found=found)


def _known(place: Workspace) -> dict[str, Observed]:
    """The newest that was observed under each key, where it may be reused."""
    records = journal.read(place.observed)
    return {record.key: record.observed for record in records if record.key and record.end not in NEVER_REUSED}
