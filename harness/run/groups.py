"""What there is to do: the plan's cells grouped by what is installed, less what earlier runs have measured.

Pure but for reading the results files that it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.domain import Case, Cell, Companion, EnvironmentRequest, Limits, Plan, Status
from harness.environments.uv import Failure
from harness.results.format import CaseRef
from harness.results.history import History, look_up
from harness.run.assign import CellEnd, CellJob, KeyOf, assign
from harness.run.keys import Identity, case_key, digest

DEFAULT_CASE_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Requests with the same identity: one venv, one zygote, one set of jobs.

    `ends` says of cases, by key, that their process is known to end outside any case.
    """

    identity: Identity
    requests: tuple[EnvironmentRequest, ...]
    jobs: tuple[CellJob, ...]
    ends: Mapping[str, CellEnd]

    def expected_seconds(self, seconds: Mapping[str, float]) -> float:
        return sum(expected_seconds(job, seconds) for job in self.jobs)

    @property
    def companions(self) -> frozenset[Companion]:
        """What the cases ask for that are left to run."""
        left = (job for job in self.jobs if not job.idle(self.ends))
        return frozenset(companion for job in left for task in job.tasks for companion in task.case.companions)


def expected_seconds(job: CellJob, seconds: Mapping[str, float]) -> float:
    """From when the same cases were last seen."""
    return sum(seconds.get(task.case.id, DEFAULT_CASE_SECONDS) for task in job.tasks)


def cell_key(refs: Sequence[CaseRef]) -> str:
    """The key of a cell is that of all its cases."""
    return digest([ref.key for ref in refs])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Every key of a plan, to ask the history for."""

    cases: frozenset[str]
    environments: frozenset[str]
    cells: frozenset[str]


def group(
    plan: Plan,
    cases: Sequence[Case],
    limits: Limits,
    digests: Mapping[str, str],
    identities: Mapping[str, Identity | Failure],
    known: History,
) -> tuple[Group, ...]:
    """The groups of a plan in its order. Environments without an identity have none."""
    members: dict[str, list[EnvironmentRequest]] = {}
    found: dict[str, Identity] = {}
    for request in plan.environments.values():
        one = identities.get(request.id)
        if isinstance(one, Identity):
            members.setdefault(one.key, []).append(request)
            found.setdefault(one.key, one)
    cells: dict[str, list[Cell]] = {}
    for cell in plan.cells:
        cells.setdefault(cell.environment, []).append(cell)
    made = []
    for key, requests in members.items():
        inside = [cell for request in requests for cell in cells[request.id]]
        jobs = assign(inside, cases, plan.models, _key_of(found[key], limits, digests), known.cases.keys())
        made.append(Group(identity=found[key], requests=tuple(requests), jobs=jobs, ends=_ends(jobs, known)))
    return tuple(made)


def wanted(groups: Sequence[Group]) -> Wanted:
    """The keys to look up."""
    jobs = [job for one in groups for job in one.jobs]
    return Wanted(
        cases=frozenset(ref.key for job in jobs for ref in job.refs if ref.key),
        environments=frozenset(one.identity.key for one in groups),
        cells=frozenset(cell_key(job.refs) for job in jobs),
    )


def look_back(
    plan: Plan,
    cases: Sequence[Case],
    limits: Limits,
    digests: Mapping[str, str],
    identities: Mapping[str, Identity | Failure],
    files: Iterable[Path],
    *,
    rerun: bool = False,
) -> tuple[History, tuple[Group, ...]]:
    """What earlier runs measured of a plan, and the groups with what is left to do; with `rerun`, only how long it took."""
    keys = wanted(group(plan, cases, limits, digests, identities, History()))
    known = look_up(files, cases=keys.cases, environments=keys.environments, cells=keys.cells)
    if rerun:
        known = History(seconds=known.seconds)
    return known, group(plan, cases, limits, digests, identities, known)


def is_refused(one: Group, known: History) -> bool:
    """Its environment is known not to install or import."""
    before = known.environments.get(one.identity.key)
    return before is not None and before.status is not Status.COMPLETED


def is_known(job: CellJob, one: Group, known: History) -> bool:
    """Nothing that bears on the cell has to be measured, by its own process or another's."""
    return all(ref.key in known.cases or ref.key in one.ends for ref in job.refs)


def _ends(jobs: Sequence[CellJob], known: History) -> Mapping[str, CellEnd]:
    ends: dict[str, CellEnd] = {}
    for job in jobs:
        if before := known.cells.get(cell_key(job.refs)):
            end = CellEnd(status=before.status, trouble=before.trouble, message=before.message, evidence=before.evidence)
            ends |= {task.key: end for task in job.tasks}
    return ends


def _key_of(identity: Identity, limits: Limits, digests: Mapping[str, str]) -> KeyOf:
    return lambda case, uses, model: case_key(identity, case, uses, digests[model.id], limits)
