"""Lock all environments of a plan once, for other machines to install from; and take such locks for a run."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from harness import __version__
from harness.base.errors import MachineError, Problem, SpecError
from harness.base.workspace import Workspace
from harness.commands.plan import RunPlan
from harness.domain import Companion, Device, EnvironmentRequest, Service, Trouble, model_of
from harness.environments import companions, lock
from harness.environments.uv import Failure
from harness.matrix.second import second_opinion
from harness.matrix.selection import Selection
from harness.models.source import Replicas
from harness.results.history import History
from harness.results.store import open_store
from harness.run.groups import DEFAULT_CASE_SECONDS, expected_seconds, group_cells, look_back
from harness.run.keys import Identity
from harness.run.machine import Machine
from harness.run.prepare import AT_ONCE, identities, is_proof, lock_names, recipe_of
from harness.run.sealed import LockedEnvironment, SealedPlan, write_sealed
from harness.run.shards import ENVIRONMENT_SECONDS, digests_of, plan_digest
from harness.run.watcher import Stage
from harness.services.tpu_compiler import environment as compiler_environment


@dataclass(frozen=True, slots=True, kw_only=True)
class LockSummary:
    """The locks of a plan, and the folder or archive that they are in."""

    path: Path
    document: SealedPlan

    @property
    def failed(self) -> tuple[LockedEnvironment, ...]:
        """The environments without a lock."""
        return tuple(environment for environment in self.document.environments if not environment.lock)

    def as_json(self) -> dict[str, Any]:
        """Return format 1."""
        return {
            "format": 1,
            "locks": str(self.path),
            "plan": self.document.plan,
            "day": self.document.day.isoformat(),
            "cells": self.document.planned_cells,
            "environments": len(self.document.environments),
            "files": len(self.document.files),
            "failed": {environment.id: environment.failed for environment in self.failed},
        }

    def as_text(self) -> str:
        """Return a line for each environment without a lock, then the totals."""
        lines = [f"{environment.id}: no lock: {environment.failed}" for environment in self.failed]
        count = len(self.document.environments)
        locked = f"{count - len(self.failed)} of {count} environments locked on {self.document.day}"
        lines.append(f"{locked}, for {self.document.planned_cells} cells")
        return "\n".join([*lines, f"locks    {self.path}"])


def lock_plan(
    machine: Machine, run_plan: RunPlan, selection: Selection, path: Path, *, refresh: bool, tell: Callable[[str, Stage], None]
) -> LockSummary:
    """Resolve everything that a run of the plan installs, second opinions and companions included, and write it to `path`.

    Raises:
        MachineError: an index, or something else of this machine, kept an environment from being locked. The others are kept.
        SpecError: `path` is a folder that holds something else.
    """
    if path.is_dir() and any(path.iterdir()) and not lock.is_sealed(path):
        raise SpecError("the folder holds something else than locks", location="--into", hint="name a new one, or a file ….tar.gz")
    day = lock.today()
    resolved = asyncio.run(_resolve(machine, run_plan, refresh, tell))
    troubles = [(name, message) for name, answer in resolved.answers.items() if (message := _trouble(answer, day))]
    if troubles:
        hint = "run the same command again: what was locked is kept"
        raise MachineError.of(tuple(Problem(location=name, message=message, hint=hint) for name, message in troubles))
    digests = digests_of(machine.workspace, run_plan.cases)
    files = {path.name: path.read_bytes() for name in sorted(resolved.names) for path in _files(machine.workspace.locks / name)}
    document = SealedPlan(
        hubmatrix=__version__,
        plan=plan_digest(run_plan.plan, digests),
        digests=digests,
        tier=selection.tier or "",
        select=selection.select,
        environments_named=selection.environments,
        cells_named=selection.cells,
        planned_cells=len(run_plan.plan.cells),
        day=day,
        platform=_platform(machine),
        environments=tuple(_environments(machine, run_plan, resolved.answers)),
        files={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    )
    write_sealed(path, document, files)
    return LockSummary(path=path, document=document)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resolved:
    """The answers of the resolver, by what they are for, and the names of all locks that a run may look at."""

    answers: Mapping[str, Identity | Failure]
    names: frozenset[str]


async def _resolve(machine: Machine, run_plan: RunPlan, refresh: bool, tell: Callable[[str, Stage], None]) -> _Resolved:
    plan, locks = run_plan.plan, machine.workspace.locks
    firsts = await identities(machine, plan.environments.values(), refresh=refresh, tell=tell)
    requests = dict(plan.environments)
    for name, answer in firsts.items():
        second = second_opinion(plan.environments[name], answer.interpreter.minor) if isinstance(answer, Identity) else None
        if second and second.id not in requests:
            requests[second.id] = second
    seconds = [request for name, request in requests.items() if name not in firsts]
    answers: dict[str, Identity | Failure] = {**firsts, **await identities(machine, seconds, refresh=refresh, tell=tell)}
    names = {name for request in requests.values() for name in lock_names(locks, recipe_of(request), machine.interpreters)}
    beside = await _lock_beside(machine, run_plan, requests, answers)
    return _Resolved(answers={**answers, **beside.answers}, names=frozenset(names | beside.names))


async def _lock_beside(
    machine: Machine, run_plan: RunPlan, requests: Mapping[str, EnvironmentRequest], answers: Mapping[str, Identity | Failure]
) -> _Resolved:
    """Lock the companions that cases ask for, for each environment, and the compiler if a case needs it. Answers are failures."""
    locks, gate = machine.workspace.locks, asyncio.Semaphore(AT_ONCE)
    needs = _needs(run_plan)
    failures: dict[str, Identity | Failure] = {}
    names: set[str] = set()

    async def beside(environment: str, identity: Identity, companion: Companion) -> None:
        request = companions.lock_request(companion, identity.lock)
        async with gate:
            answer = await lock.resolve_lock(machine.uv, locks, request, identity.interpreter, refresh=False)
        names.add(lock.name_of(request, identity.interpreter))
        if isinstance(answer, Failure):
            failures[f"{environment} with {companion.value}"] = answer

    coroutines = []
    for name, request in requests.items():
        answer = answers[name]
        if isinstance(answer, Identity):
            needed = sorted(needs.companions.get(request.second_opinion_on or name, ()))
            coroutines += [beside(name, answer, companion) for companion in needed]
    await asyncio.gather(*coroutines)
    if needs.compiler:
        compiler = await compiler_environment.lock_compiler(machine.uv, locks, machine.interpreters)
        if isinstance(compiler, Failure):
            failures["the TPU compiler"] = compiler
        else:
            names.add(lock.name_of(compiler_environment.PINNED, compiler[1]))
    return _Resolved(answers=failures, names=frozenset(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needs:
    """The companions that the cases of each environment ask for, and whether any case asks for the TPU compiler."""

    companions: Mapping[str, frozenset[Companion]]
    compiler: bool


def _needs(run_plan: RunPlan) -> _Needs:
    by_kind: dict[tuple[str, Device], tuple[frozenset[Companion], bool]] = {}
    by_environment: defaultdict[str, set[Companion]] = defaultdict(set)
    compiler = False
    for cell in run_plan.plan.cells:
        kind = cell.axes.model, cell.axes.device
        if kind not in by_kind:
            model = model_of(cell, run_plan.plan.models)
            bearing = [case for case in run_plan.cases if case.bears_on(model, cell.axes.device)]
            needs_compiler = any(Service.TPU_COMPILER in case.services for case in bearing)
            by_kind[kind] = frozenset(companion for case in bearing for companion in case.companions), needs_compiler
        of_kind, needs_compiler = by_kind[kind]
        by_environment[cell.environment] |= of_kind
        compiler = compiler or needs_compiler
    return _Needs(companions={name: frozenset(names) for name, names in by_environment.items()}, compiler=compiler)


def _trouble(answer: Identity | Failure, day: date) -> str:
    """Return why an answer is not to be given to other machines; empty for a lock, a proof, or a missing interpreter."""
    if isinstance(answer, Identity):
        old = answer.lock.exclude_newer is None and answer.lock.resolved < day
        return f"the index can't be reached: the last lock is of {answer.lock.resolved}" if old else ""
    if is_proof(answer) or answer.trouble in (Trouble.INTERPRETER, Trouble.DEVICE):
        return ""
    return answer.message


def _files(stem: Path) -> Iterator[Path]:
    # Of a proof there is no .txt, or one of a day on which there was a lock.
    yield from (path for path in (stem.with_suffix(".json"), stem.with_suffix(".txt")) if path.is_file())


def _platform(machine: Machine) -> str:
    return next((interpreter.platform for interpreter in machine.interpreters.values()), "")


def _environments(machine: Machine, run_plan: RunPlan, answers: Mapping[str, Identity | Failure]) -> Iterator[LockedEnvironment]:
    """Yield the plan's environments with what is known of each here: its lock, and how long its cells take."""
    seconds = _expected(machine.workspace, run_plan, answers)
    for name in run_plan.plan.environments:
        answer = answers[name]
        if isinstance(answer, Failure):
            yield LockedEnvironment(id=name, seconds=DEFAULT_CASE_SECONDS, failed=answer.message)
        else:
            yield LockedEnvironment(
                id=name,
                python=answer.interpreter.version,
                lock=answer.lock.sha256,
                same=answer.key,
                seconds=seconds[name],
            )


def _expected(workspace: Workspace, run_plan: RunPlan, answers: Mapping[str, Identity | Failure]) -> Mapping[str, float]:
    """Return how long the cells of each locked environment take, by what this machine's store knows of their cases."""
    locked = {name: answer for name, answer in answers.items() if name in run_plan.plan.environments}
    digests = Replicas().digests(run_plan.plan.models)
    groups = group_cells(run_plan.plan, run_plan.cases, run_plan.limits, digests, locked)
    history = History()
    if workspace.results.exists():
        with open_store(workspace.results) as store:
            history = look_back(groups, store)
    seconds: defaultdict[str, float] = defaultdict(float)
    for group in groups:
        before = history.environments.get(group.identity.key)
        for request in group.requests:
            seconds[request.id] += before.seconds if before else ENVIRONMENT_SECONDS
        for job in group.jobs:
            seconds[job.cell.environment] += expected_seconds(job, history.seconds)
    return {name: round(total, 1) for name, total in seconds.items()}
