"""Plan second opinions: the cases that failed, and no others, are tried again on an older Python. Pure.

Of an environment that doesn't install or import, only that is tried again on the older Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from harness.domain import EnvironmentRequest, Plan, Status
from harness.environments.uv import Failure
from harness.matrix.second import second_cell, second_opinion
from harness.results.run import Run
from harness.run.assign import CellJob
from harness.run.groups import EnvironmentGroup
from harness.run.keys import Identity

Matters: TypeAlias = Callable[[Run], frozenset[str]]
"""Returns the keys of the cases that deserve a second opinion. The judge's function, handed to a run."""
REFUSED = (Status.INSTALL_FAILED, Status.IMPORT_FAILED, Status.CRASHED, Status.TIMED_OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinions:
    """A plan of its own for what is tried again, and of each of its cells the cases that matter."""

    plan: Plan
    cases: Mapping[str, frozenset[str]]


def second_opinions(plan: Plan, identities: Mapping[str, Identity | Failure], run: Run, matters: Matters) -> SecondOpinions:
    """Return the second opinions that the results of a run call for.

    An environment that is planned anyway, because the matrix pins that Python, is not planned twice.
    """
    failed = matters(run)
    refused = {record.id for record in run.environments if record.status in REFUSED}
    cases = {record.id: frozenset(ref.case for ref in record.cases if ref.key in failed) for record in run.cells}
    requests = _requests(plan, identities)
    cells, cases_by_cell = [], {}
    for cell in plan.cells:
        request = requests.get(cell.environment)
        if request and cases.get(cell.id):
            again = second_cell(cell, request)
            cells.append(again)
            cases_by_cell[again.id] = cases[cell.id]
    needed = {cell.environment for cell in cells} | {requests[name].id for name in refused & requests.keys()}
    environments = {request.id: request for request in requests.values() if request.id in needed}
    return SecondOpinions(plan=replace(plan, cells=tuple(cells), environments=environments, left_out=()), cases=cases_by_cell)


def only(groups: Iterable[EnvironmentGroup], cases: Mapping[str, frozenset[str]]) -> tuple[EnvironmentGroup, ...]:
    """Return the groups with only these cases of each cell. A case is run in the first cell that still needs it."""
    return tuple(replace(group, jobs=tuple(_jobs(group.jobs, cases))) for group in groups)


def _jobs(jobs: Sequence[CellJob], cases: Mapping[str, frozenset[str]]) -> Iterator[CellJob]:
    left = {keyed.key: keyed for job in jobs for keyed in job.cases}
    for job in jobs:
        refs = tuple(ref for ref in job.refs if ref.case in cases[job.cell.id])
        own = tuple(left.pop(ref.key) for ref in refs if ref.key in left)
        yield replace(job, refs=refs, cases=own)


def _requests(plan: Plan, identities: Mapping[str, Identity | Failure]) -> Mapping[str, EnvironmentRequest]:
    """Return the second request of each environment that has one, by the id of the first."""
    requests = {}
    for name, request in plan.environments.items():
        identity = identities.get(name)
        second = second_opinion(request, identity.interpreter.minor) if isinstance(identity, Identity) else None
        if second and second.id not in plan.environments:
            requests[name] = second
    return requests
