"""Group the plan's cells by what is installed for them, and leave out what earlier runs have measured.

Pure but for looking into the store that it is given. Grouping hashes each (cell, case), once; what was measured before
and what this machine lacks is taken out of the groups afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.domain import Case, Cell, Companion, EnvironmentRequest, Limits, Plan, Status
from harness.environments.uv import Failure
from harness.results.format import CaseRef
from harness.results.history import History, PlanKeys
from harness.results.store import Store
from harness.run.assign import Bearing, CellEnd, CellJob, KeyOf, assign, without_cells, without_known
from harness.run.keys import Identity, case_keys, digest

DEFAULT_CASE_SECONDS = 0.5
"""Of a case that no run has measured yet. It only decides the order of cells, and whether pytest-xdist is worth its start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentGroup:
    """Requests with the same identity: one venv, one zygote, one set of jobs.

    `ends` has, by case key, the end of a process that died outside any case in an earlier run.
    """

    identity: Identity
    requests: tuple[EnvironmentRequest, ...]
    jobs: tuple[CellJob, ...]
    ends: Mapping[str, CellEnd] = field(default_factory=dict)

    def expected_seconds(self, seconds: Mapping[str, float]) -> float:
        return sum(expected_seconds(job, seconds) for job in self.jobs)

    @property
    def companions(self) -> frozenset[Companion]:
        """The companions that the remaining cases ask for."""
        left = (job for job in self.jobs if not job.idle(self.ends))
        return frozenset(companion for job in left for keyed in job.cases for companion in keyed.case.companions)


def expected_seconds(job: CellJob, seconds: Mapping[str, float]) -> float:
    """Return how many seconds a job takes, by how long its cases took when they were last measured (`seconds`, by case id)."""
    return sum(seconds.get(keyed.case.id, DEFAULT_CASE_SECONDS) for keyed in job.cases)


def cell_key(refs: Sequence[CaseRef]) -> str:
    """Return the key of a cell: the digest of the keys of all its cases."""
    return digest([ref.key for ref in refs])


def group_cells(
    plan: Plan,
    cases: Sequence[Case],
    limits: Limits,
    digests: Mapping[str, str],
    identities: Mapping[str, Identity | Failure],
) -> tuple[EnvironmentGroup, ...]:
    """Return the groups of a plan in its order, with everything to run. Environments without an identity have none.

    Args:
        plan: the cells, their environments and models.
        cases: all cases.
        limits: part of a case's key.
        digests: of the models, by id.
        identities: what each environment installs, by id.
    """
    members: dict[str, list[EnvironmentRequest]] = {}
    by_key: dict[str, Identity] = {}
    for request in plan.environments.values():
        identity = identities.get(request.id)
        if isinstance(identity, Identity):
            key = identity.key
            members.setdefault(key, []).append(request)
            by_key.setdefault(key, identity)
    cells: dict[str, list[Cell]] = {}
    for cell in plan.cells:
        cells.setdefault(cell.environment, []).append(cell)
    bearing = Bearing(cases)
    groups = []
    for key, requests in members.items():
        # A second opinion on an environment that doesn't import has no cells: whether it imports is the question.
        inside = [cell for request in requests for cell in cells.get(request.id, ())]
        jobs = assign(inside, bearing, plan.models, _key_of(by_key[key], limits, digests))
        groups.append(EnvironmentGroup(identity=by_key[key], requests=tuple(requests), jobs=jobs))
    return tuple(groups)


def keys_of(groups: Sequence[EnvironmentGroup]) -> PlanKeys:
    """Return the keys to look up."""
    jobs = [job for group in groups for job in group.jobs]
    return PlanKeys(
        cases=frozenset(ref.key for job in jobs for ref in job.refs if ref.key),
        environments=frozenset(group.identity.key for group in groups),
        cells=frozenset(cell_key(job.refs) for job in jobs),
    )


def look_back(groups: Sequence[EnvironmentGroup], store: Store, *, rerun: bool = False) -> History:
    """Return what earlier runs measured of these groups; with `rerun`, only how long it took."""
    history = store.look_up(keys_of(groups))
    return History(seconds=history.seconds) if rerun else history


def remaining(groups: Iterable[EnvironmentGroup], history: History) -> tuple[EnvironmentGroup, ...]:
    """Return the groups with what is left to run after what the history has."""
    return tuple(
        replace(group, jobs=without_known(group.jobs, history.cases.keys()), ends=_ends(group.jobs, history)) for group in groups
    )


def set_cells_aside(groups: Iterable[EnvironmentGroup], cells: Collection[str]) -> tuple[EnvironmentGroup, ...]:
    """Return the groups without these cells, and without environments and groups that have no cell left."""
    left = []
    for group in groups:
        jobs = without_cells(group.jobs, cells)
        needed = {job.cell.environment for job in jobs}
        requests = tuple(request for request in group.requests if request.id in needed)
        if requests:
            left.append(replace(group, jobs=jobs, requests=requests))
    return tuple(left)


def is_refused(group: EnvironmentGroup, history: History) -> bool:
    """Return True if an earlier run found that the group's environment doesn't install or import."""
    before = history.environments.get(group.identity.key)
    return before is not None and before.status is not Status.COMPLETED


def is_known(job: CellJob, group: EnvironmentGroup, history: History) -> bool:
    """Return True if every case that bears on the cell was measured before, by its own process or another's."""
    return all(ref.key in history.cases or ref.key in group.ends for ref in job.refs)


def _ends(jobs: Sequence[CellJob], history: History) -> Mapping[str, CellEnd]:
    # A process that died outside any case would do so again: its cell is reused as it ended. Cases of it that have an outcome are
    # in the history by themselves.
    ends: dict[str, CellEnd] = {}
    if not history.cells:
        return ends
    for job in jobs:
        if before := history.cells.get(cell_key(job.refs)):
            end = CellEnd(status=before.status, trouble=before.trouble, message=before.message, evidence=before.evidence)
            ends |= {keyed.key: end for keyed in job.cases if keyed.key not in history.cases}
    return ends


def _key_of(identity: Identity, limits: Limits, digests: Mapping[str, str]) -> KeyOf:
    key = case_keys(identity, limits)
    return lambda case, uses, model: key(case, uses, digests[model.id] if model else None)
