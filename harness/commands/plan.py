"""Turn a user's selection into a plan, and show the plan: what would run, what has a result, what is left out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path

from harness import catalog
from harness.base.errors import Problem, SpecError
from harness.base.workspace import Workspace
from harness.catalog import links
from harness.domain import Case, Lacking, Limits, Plan, Status, Trouble
from harness.environments import accelerators
from harness.environments.uv import Failure
from harness.judge.claims import ClaimsDocument, load_claims
from harness.judge.declarations import Declared, compiled, never_holding
from harness.matrix import Spec, load_spec
from harness.matrix.plan import expand
from harness.matrix.request import exclude_newer, requirements
from harness.matrix.selection import Selection
from harness.matrix.selector import Interfaces
from harness.models.source import Replicas
from harness.results.history import History
from harness.results.store import open_store
from harness.run.aside import by_cell, set_aside
from harness.run.groups import EnvironmentGroup, group_cells, is_known, is_refused, look_back, remaining
from harness.run.keys import Identity
from harness.run.machine import machine_interpreters
from harness.run.prepare import stored_identity

QUICK = "quick"


def build_selection(tier: str | None, select: str = "", environments: Sequence[str] = (), cells: Sequence[str] = ()) -> Selection:
    """Return the selection that options stand for."""
    # An environment or cell that is named may lie outside the quick tier: then the default is the whole matrix.
    default = None if environments or cells else QUICK
    return Selection(tier=tier or default, select=select, environments=tuple(environments), cells=tuple(cells))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """A plan with the cases, limits and documents that it was made from."""

    plan: Plan
    cases: tuple[Case, ...]
    limits: Limits
    documents: tuple[ClaimsDocument, ...] = ()
    declared: Declared = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A plan beside the results of earlier runs.

    `groups` are the environments with a lock and their cells that are still to run. `unlocked` environments have to be resolved
    before anything can be said of their cells. `lacking` is why cells would be set aside, by cell id: this machine has no such
    device.
    """

    run_plan: RunPlan
    groups: tuple[EnvironmentGroup, ...]
    history: History
    failed: dict[str, Failure]
    unlocked: tuple[str, ...]
    lacking: Mapping[str, Lacking] = field(default_factory=dict)


def make_run_plan(workspace: Workspace, selection: Selection) -> RunPlan:
    """Parse the spec, read the cases and the claims, expand the plan.

    Raises:
        SpecError: matrix.yaml, a case's declarations or claims.yaml aren't valid.
        SelectionError: nothing is selected, or a name in the selection is unknown.
    """
    spec = load_spec(workspace.matrix)
    all_cases = catalog.read_cases(workspace.cases, workspace.memo)
    declared = compiled(all_cases, spec.vocabulary(), links.problems(all_cases))
    cases = catalog.of_matrix(all_cases)
    plan = expand(
        spec,
        tier=selection.tier,
        select=selection.select,
        environments=selection.environments,
        cells=selection.cells,
        cases=cases,
    )
    return RunPlan(plan=plan, cases=cases, limits=spec.limits, documents=read_documents(workspace, cases, spec), declared=declared)


def read_documents(workspace: Workspace, cases: Sequence[Case], spec: Spec | None = None) -> tuple[ClaimsDocument, ...]:
    """Return the documents of claims.yaml, checked against the cases and the matrix; none if the project has no such file."""
    if not workspace.claims.exists():
        return ()
    vocabulary = (spec or load_spec(workspace.matrix)).vocabulary()
    return load_claims(workspace.claims, cases, vocabulary)


def check_announcements(run_plan: RunPlan, interfaces: Interfaces) -> None:
    """Check the declarations of cases against the full plan. Raises SpecError for one that no cell could ever meet."""
    problems = list(never_holding(run_plan.cases, run_plan.declared, run_plan.plan, interfaces))
    missing = links.missing_tasks(run_plan.cases)
    if missing and any(case.way for case in run_plan.cases):
        hint = 'mark the case that is the way to do it, such as task("load")'
        problems += [Problem(location="cases", message=f"no case does the task {task.value!r}", hint=hint) for task in missing]
    if problems:
        raise SpecError.of(tuple(problems))


def model_interfaces(workspace: Workspace) -> Interfaces:
    """Return the interface of each model of the matrix; none if the project has no matrix.yaml."""
    return load_spec(workspace.matrix).interfaces() if workspace.matrix.is_file() else {}


def preview_run(workspace: Workspace, selection: Selection) -> Preview:
    """Compare all of a selection's plan with the locks and results on this machine. Raises the errors of `make_run_plan`."""
    return preview_plan(workspace, make_run_plan(workspace, selection))


def preview_plan(workspace: Workspace, run_plan: RunPlan) -> Preview:
    """Compare a plan with the locks and results on this machine. Runs nothing and asks no index."""
    interpreters = asyncio.run(machine_interpreters())
    missing = accelerators.lacking({cell.axes.device for cell in run_plan.plan.cells}, accelerators.probe())
    # As in a run, cells without their device are set aside before anything is locked. No model is missing: replicas are shipped.
    lacking = by_cell(run_plan.plan, {}, missing)
    possible, _ = set_aside(run_plan.plan, run_plan.cases, lacking)
    answers = {name: stored_identity(workspace.locks, request, interpreters) for name, request in possible.environments.items()}
    locked = {name: answer for name, answer in answers.items() if answer is not None}
    digests = Replicas().digests(run_plan.plan.models)
    groups = group_cells(possible, run_plan.cases, run_plan.limits, digests, locked)
    history = _look_back(workspace.results, groups)
    return Preview(
        run_plan=run_plan,
        groups=remaining(groups, history),
        history=history,
        failed={name: answer for name, answer in locked.items() if isinstance(answer, Failure)},
        unlocked=tuple(name for name, answer in answers.items() if answer is None),
        lacking=lacking,
    )


def _look_back(path: Path, groups: Sequence[EnvironmentGroup]) -> History:
    """Return what earlier runs measured; nothing where there is no store yet, since a preview leaves nothing behind."""
    if not path.exists():
        return History()
    with open_store(path) as store:
        return look_back(groups, store)


class PlanState(str, Enum):
    """The step that a run would take with a cell. `lock_first`: nothing can be said before its environment is locked."""

    RUN = "run"
    REUSE = "reuse"
    LOCK_FIRST = "lock_first"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAction:
    """A cell's step in a run; `reason` is why nothing would run: the status from an earlier run, or this machine's trouble."""

    state: PlanState
    reason: Status | Trouble | None = None

    def __str__(self) -> str:
        name = self.state.value.replace("_", " ")
        return f"{name} ({self.reason.value})" if self.reason else name


def planned_actions(preview: Preview) -> dict[str, PlannedAction]:
    """Return the step that a run would take with each cell, by cell id."""
    planned = {}
    for members in preview.groups:
        before = preview.history.environments.get(members.identity.key)
        for job in members.jobs:
            if before and is_refused(members, preview.history):
                planned[job.cell.id] = PlannedAction(state=PlanState.REUSE, reason=before.status)
            else:
                reused = before is not None and is_known(job, members, preview.history)
                planned[job.cell.id] = PlannedAction(state=PlanState.REUSE if reused else PlanState.RUN)
    for cell in preview.run_plan.plan.cells:
        if cell.id in preview.lacking:
            planned[cell.id] = PlannedAction(state=PlanState.UNAVAILABLE, reason=preview.lacking[cell.id].trouble)
        elif cell.environment in preview.failed:
            planned[cell.id] = _failed(preview.failed[cell.environment])
        elif cell.environment in preview.unlocked:
            planned[cell.id] = PlannedAction(state=PlanState.LOCK_FIRST)
    return planned


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """The size of a plan, over the environments that have a lock and may import.

    A case is run once for each combination of the axes it uses. `known_runs` were measured: they took `seconds`, and
    `cpu_seconds` of user and system time where that was counted. The rest is expected to take `expected_seconds`, from when the
    same cases were last seen. All are one after another.
    """

    cases: int
    runs: int
    known_runs: int
    seconds: float
    cpu_seconds: float
    expected_seconds: float


def extent(preview: Preview) -> Extent:
    """Count the runs of a plan, and sum the seconds that earlier runs measured for them."""
    groups = [members for members in preview.groups if not is_refused(members, preview.history)]
    # By key: cells that differ only in axes which a case doesn't use share its run.
    refs = {ref.key: ref.case for members in groups for job in members.jobs for ref in job.refs}
    records = [record for key in refs for record in preview.history.cases.get(key or "", ())]
    return Extent(
        cases=len(set(refs.values())),
        runs=len(refs),
        known_runs=sum(key in preview.history.cases for key in refs),
        seconds=round(sum(record.seconds for record in records), 1),
        cpu_seconds=round(sum(record.cpu_seconds or 0 for record in records), 1),
        expected_seconds=round(sum(members.expected_seconds(preview.history.seconds) for members in groups), 1),
    )


def preview_json(preview: Preview) -> str:
    """Return the document of `plan --json`: environments and their requirements, cells and their steps, the plan's size.

    Format history:
      1  first version; `do` of a cell was prose, such as `reuse (lock_failed)`
      2  `do` is run, reuse, lock_first or unavailable; `reason` is a status or trouble, or null
    """
    planned = planned_actions(preview)
    identities = {request.id: members.identity for members in preview.groups for request in members.requests}
    environments = []
    for name, request in preview.run_plan.plan.environments.items():
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
        for cell in preview.run_plan.plan.cells
    ]
    left_out = [
        # `place` is the field's name in format 2.
        {"when": exclusion.when, "reason": exclusion.reason, "place": exclusion.location, "cells": exclusion.cells}
        for exclusion in preview.run_plan.plan.left_out
    ]
    facts = {
        "format": 2,
        "environments": environments,
        "cells": cells,
        "extent": _extent_facts(extent(preview)),
        "left_out": left_out,
    }
    return json.dumps(facts, indent=1)


def preview_text(preview: Preview) -> str:
    """Return a line for each environment, then the exclusions, then the totals."""
    planned = {cell: str(state) for cell, state in planned_actions(preview).items()}
    by_environment: dict[str, list[str]] = {}
    for cell in preview.run_plan.plan.cells:
        by_environment.setdefault(cell.environment, []).append(planned[cell.id])
    width = max(map(len, by_environment), default=0)  # a shard may have no cells
    lines = []
    for name, own_states in by_environment.items():
        limit = exclude_newer(preview.run_plan.plan.environments[name])
        requested = " ".join(requirements(preview.run_plan.plan.environments[name])) + (f" (as of {limit})" if limit else "")
        lines.append(f"{name:<{width}}  {_counted(own_states):<24}  {requested}")
    lines += [
        f"left out: {exclusion.cells} cells, {exclusion.when}: {exclusion.reason} ({exclusion.location})"
        for exclusion in preview.run_plan.plan.left_out
    ]
    lines.append(f"{len(planned)} cells in {len(by_environment)} environments: {_counted(list(planned.values()))}")
    return "\n".join([*lines, *_extent_lines(extent(preview))])


def _extent_facts(extent: Extent) -> dict[str, float]:
    """Return the document's names and numbers; `known` is format 2's name of `known_runs`."""
    return {"known" if name == "known_runs" else name: number for name, number in asdict(extent).items()}


def _extent_lines(extent: Extent) -> list[str]:
    """Return the line on the plan's size; none where no environment has a lock."""
    if not extent.runs:
        return []
    head = f"{extent.cases} cases in {extent.runs:,} runs where there is a lock"
    measured = f"{extent.known_runs:,} known, measured in {_minutes(extent.seconds)} ({_minutes(extent.cpu_seconds)} of CPU)"
    left = f"{extent.runs - extent.known_runs:,} to run, about {_minutes(extent.expected_seconds)}"
    return [f"{head}: {measured}; {left}; one after another, without installing and importing"]


def _minutes(seconds: float) -> str:
    """Return a duration for people: `45 s`, `12 min`, `3.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _counted(cell_states: list[str]) -> str:
    return ", ".join(f"{cell_states.count(state)} {state}" for state in dict.fromkeys(cell_states))


def _failed(failure: Failure) -> PlannedAction:
    # The folder of locks stores the resolver's proof, so a run takes it from there.
    if failure.status is Status.LOCK_FAILED:
        return PlannedAction(state=PlanState.REUSE, reason=failure.status)
    unavailable = failure.trouble if failure.status is Status.UNAVAILABLE else None
    return PlannedAction(state=PlanState.UNAVAILABLE, reason=unavailable or failure.status)
