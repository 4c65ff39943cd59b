"""From what a user asked for to a plan, and the plan as it is shown: what would run, what is known, what is left out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum

from harness import catalog
from harness.base.errors import Problem, SpecError
from harness.base.workspace import Workspace
from harness.catalog import links
from harness.domain import Case, Lacking, Limits, Plan, Status, Trouble
from harness.environments import accelerators
from harness.environments.uv import Failure
from harness.judge.claims import Document
from harness.judge.claims import load as load_claims
from harness.judge.declarations import Declared, compiled, never_holding
from harness.matrix import Spec, load_spec
from harness.matrix.plan import expand
from harness.matrix.request import exclude_newer, requirements
from harness.matrix.selection import Selection
from harness.matrix.selector import Interfaces
from harness.models.source import Replicas
from harness.results import store
from harness.results.history import History
from harness.run.aside import by_cell, set_aside
from harness.run.groups import EnvironmentGroup, group_cells, is_known, is_refused, look_back, remaining
from harness.run.keys import Identity
from harness.run.machine import machine_interpreters
from harness.run.prepare import stored_identity

QUICK = "quick"


def choose(tier: str | None, select: str = "", environments: Sequence[str] = (), cells: Sequence[str] = ()) -> Selection:
    """Return what a user selected. The tier is `quick` unless one is given, or environments or cells are named."""
    named = bool(environments or cells)
    return Selection(tier=tier or (None if named else QUICK), select=select, environments=tuple(environments), cells=tuple(cells))


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A plan, and what it was made with."""

    plan: Plan
    cases: tuple[Case, ...]
    limits: Limits
    documents: tuple[Document, ...] = ()
    declared: Declared = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A plan beside what is known of it. `unlocked` environments have to be resolved before anything can be said.

    `lacking` is why cells would be set aside, by id: this machine has no such device.
    """

    made: Made
    groups: tuple[EnvironmentGroup, ...]
    known: History
    failed: dict[str, Failure]
    unlocked: tuple[str, ...]
    lacking: Mapping[str, Lacking] = field(default_factory=dict)


def make(place: Workspace, selection: Selection) -> Made:
    """Parse the spec, read the cases and the claims, expand the plan."""
    spec = load_spec(place.matrix)
    every = catalog.read(place.cases)
    declared = compiled(every, spec.vocabulary(), links.problems(every))
    cases = catalog.of_matrix(every)
    plan = expand(
        spec,
        tier=selection.tier,
        select=selection.select,
        environments=selection.environments,
        cells=selection.cells,
        cases=cases,
    )
    return Made(plan=plan, cases=cases, limits=spec.limits, documents=claims(place, cases, spec), declared=declared)


def claims(place: Workspace, cases: Sequence[Case], spec: Spec | None = None) -> tuple[Document, ...]:
    """What documents assert, checked against the cases and the matrix; nothing where the project has no such file."""
    if not place.claims.exists():
        return ()
    known = spec or load_spec(place.matrix)
    return load_claims(place.claims, cases, known.vocabulary())


def check_announcements(made: Made, interfaces: Interfaces) -> None:
    """Check what cases announce against the full plan. Raises SpecError for what could never be so."""
    problems = list(never_holding(made.cases, made.declared, made.plan, interfaces))
    missing = links.missing_tasks(made.cases)
    if missing and any(case.way for case in made.cases):
        hint = 'mark the case that is the way to do it, such as task("load")'
        problems += [Problem(location="cases", message=f"no case does the task {task.value!r}", hint=hint) for task in missing]
    if problems:
        raise SpecError.of(tuple(problems))


def interfaces(place: Workspace) -> Interfaces:
    """Return the interface of each model of the matrix, for facts of cells; none where there is no matrix."""
    return load_spec(place.matrix).interfaces() if place.matrix.is_file() else {}


def preview(place: Workspace, selection: Selection) -> Preview:
    """What a run would do, from the locks and results that are here."""
    made = make(place, selection)
    found = asyncio.run(machine_interpreters())
    missing = accelerators.lacking({cell.axes.device for cell in made.plan.cells}, accelerators.probe())
    lacking = by_cell(made.plan, {}, missing)
    possible, _ = set_aside(made.plan, made.cases, lacking)
    answers = {name: stored_identity(place.locks, request, found) for name, request in possible.environments.items()}
    locked = {name: answer for name, answer in answers.items() if answer is not None}
    digests = Replicas().digests(made.plan.models)
    groups = group_cells(possible, made.cases, made.limits, digests, locked)
    known = look_back(groups, store.run_files(place.runs))
    return Preview(
        made=made,
        groups=remaining(groups, known),
        known=known,
        failed={name: answer for name, answer in locked.items() if isinstance(answer, Failure)},
        unlocked=tuple(name for name, answer in answers.items() if answer is None),
        lacking=lacking,
    )


class PlanState(str, Enum):
    """What a run would do with a cell. `lock_first`: nothing can be said before its environment is locked."""

    RUN = "run"
    REUSE = "reuse"
    LOCK_FIRST = "lock_first"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a run would do with a cell, and why where it would run nothing: the status that is known, or this machine's trouble."""

    state: PlanState
    reason: Status | Trouble | None = None

    def __str__(self) -> str:
        name = self.state.value.replace("_", " ")
        return f"{name} ({self.reason.value})" if self.reason else name


def states(shown: Preview) -> dict[str, Planned]:
    """Return what a run would do with each cell."""
    planned = {}
    for members in shown.groups:
        before = shown.known.environments.get(members.identity.key)
        for job in members.jobs:
            if before and is_refused(members, shown.known):
                planned[job.cell.id] = Planned(state=PlanState.REUSE, reason=before.status)
            else:
                reused = before is not None and is_known(job, members, shown.known)
                planned[job.cell.id] = Planned(state=PlanState.REUSE if reused else PlanState.RUN)
    for cell in shown.made.plan.cells:
        if cell.id in shown.lacking:
            planned[cell.id] = Planned(state=PlanState.UNAVAILABLE, reason=shown.lacking[cell.id].trouble)
        elif cell.environment in shown.failed:
            planned[cell.id] = _failed(shown.failed[cell.environment])
        elif cell.environment in shown.unlocked:
            planned[cell.id] = Planned(state=PlanState.LOCK_FIRST)
    return planned


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much a plan is, of the environments that have a lock and may import.

    A case is run once for each combination of the axes it uses. `known` runs were measured: they took `seconds`, and
    `cpu_seconds` of user and system time where that was counted. The rest is expected to take `expected_seconds`, from when the
    same cases were last seen. All are one after another.
    """

    cases: int
    runs: int
    known: int
    seconds: float
    cpu_seconds: float
    expected_seconds: float


def extent(shown: Preview) -> Extent:
    """Counted from the plan and from what earlier runs measured of it."""
    groups = [members for members in shown.groups if not is_refused(members, shown.known)]
    refs = {ref.key: ref.case for members in groups for job in members.jobs for ref in job.refs}
    known = [record for key in refs for record in shown.known.cases.get(key or "", ())]
    return Extent(
        cases=len(set(refs.values())),
        runs=len(refs),
        known=sum(key in shown.known.cases for key in refs),
        seconds=round(sum(record.seconds for record in known), 1),
        cpu_seconds=round(sum(record.cpu_seconds or 0 for record in known), 1),
        expected_seconds=round(sum(members.expected_seconds(shown.known.seconds) for members in groups), 1),
    )


def as_json(shown: Preview) -> str:
    """Return format 2: environments with what would be asked for, cells with what would be done, how much it is, what is left out.

    Format history:
      1  first version; `do` of a cell was prose, such as `reuse (lock_failed)`
      2  `do` is run, reuse, lock_first or unavailable; `reason` is a status or trouble, or null
    """
    planned = states(shown)
    identities = {request.id: members.identity for members in shown.groups for request in members.requests}
    environments = []
    for name, request in shown.made.plan.environments.items():
        identity: Identity | None = identities.get(name)
        limit = exclude_newer(request)
        environments.append(
            {
                "id": name,
                "requirements": requirements(request),
                "exclude_newer": limit.isoformat() if limit else None,
                "python": identity.interpreter.version if identity else None,
                "lock": identity.lock.sha256 if identity else None,
                "locked_on": identity.lock.resolved.isoformat() if identity else None,
            }
        )
    cells = [
        {
            "id": cell.id,
            "environment": cell.environment,
            "do": planned[cell.id].state.value,
            "reason": reason.value if (reason := planned[cell.id].reason) else None,
        }
        for cell in shown.made.plan.cells
    ]
    left_out = [
        {"when": one.when, "reason": one.reason, "place": one.location, "cells": one.cells} for one in shown.made.plan.left_out
    ]
    facts = {"format": 2, "environments": environments, "cells": cells, "extent": asdict(extent(shown)), "left_out": left_out}
    return json.dumps(facts, indent=1)


def as_text(shown: Preview) -> str:
    """One line an environment, then what is left out, then the sum."""
    planned = {cell: str(state) for cell, state in states(shown).items()}
    by_environment: dict[str, list[str]] = {}
    for cell in shown.made.plan.cells:
        by_environment.setdefault(cell.environment, []).append(planned[cell.id])
    width = max(map(len, by_environment))
    lines = []
    for name, own_states in by_environment.items():
        limit = exclude_newer(shown.made.plan.environments[name])
        asked = " ".join(requirements(shown.made.plan.environments[name])) + (f" (as of {limit})" if limit else "")
        lines.append(f"{name:<{width}}  {_counted(own_states):<24}  {asked}")
    lines += [f"left out: {one.cells} cells, {one.when}: {one.reason} ({one.location})" for one in shown.made.plan.left_out]
    lines.append(f"{len(planned)} cells in {len(by_environment)} environments: {_counted(list(planned.values()))}")
    return "\n".join([*lines, *_extent(extent(shown))])


def _extent(found: Extent) -> list[str]:
    """Nothing where no environment has a lock."""
    if not found.runs:
        return []
    head = f"{found.cases} cases in {found.runs:,} runs where there is a lock"
    known = f"{found.known:,} known, measured in {_minutes(found.seconds)} ({_minutes(found.cpu_seconds)} of CPU)"
    left = f"{found.runs - found.known:,} to run, about {_minutes(found.expected_seconds)}"
    return [f"{head}: {known}; {left}; one after another, without installing and importing"]


def _minutes(seconds: float) -> str:
    """`45 s`, `12 min`, `3.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _counted(cell_states: list[str]) -> str:
    return ", ".join(f"{cell_states.count(state)} {state}" for state in dict.fromkeys(cell_states))


def _failed(failure: Failure) -> Planned:
    if failure.status is Status.LOCK_FAILED:
        return Planned(state=PlanState.REUSE, reason=failure.status)
    unavailable = failure.trouble if failure.status is Status.UNAVAILABLE else None
    return Planned(state=PlanState.UNAVAILABLE, reason=unavailable or failure.status)
