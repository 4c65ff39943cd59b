"""Records of what needs no measuring: environments that can't be locked, and what earlier runs measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.domain import Case, Plan, Status
from harness.environments.uv import Failure
from harness.results.history import History
from harness.run.assign import CellEnd, unkeyed
from harness.run.groups import EnvironmentGroup, is_refused
from harness.run.keys import Identity
from harness.run.records import cell_record, environment_record
from harness.run.sink import Sink


def write_unlocked(sink: Sink, plan: Plan, cases: Sequence[Case], identities: Mapping[str, Identity | Failure]) -> None:
    """Record environments without a lock: they are results too. Their cells have that status, their cases did not run."""
    failures = {name: answer for name, answer in identities.items() if isinstance(answer, Failure)}
    cells = [cell for cell in plan.cells if cell.environment in failures]
    for name, failure in failures.items():
        sink.write(environment_record(plan.environments[name], None, failure, {}, 0.0))
    for job in unkeyed(cells, cases, plan.models):
        failure = failures[job.cell.environment]
        end = CellEnd(status=failure.status, trouble=failure.trouble, message=failure.message)
        sink.write(cell_record(job, end, {}, reused=False))


def write_known_cases(sink: Sink, groups: Sequence[EnvironmentGroup], history: History) -> None:
    """Record every case that is reused, once, under the run that measured it."""
    keys = dict.fromkeys(ref.key for group in groups for job in group.jobs for ref in job.refs)
    for key in keys:
        for record in history.cases.get(key or "", ()):
            sink.writer.write(record.model_copy(update={"reused": True}))


def write_known_groups(sink: Sink, groups: Sequence[EnvironmentGroup], history: History) -> tuple[EnvironmentGroup, ...]:
    """Record the environments and cells of groups of which nothing is left to run; return the other groups."""
    return tuple(group for group in groups if not _write_known_group(sink, group, history))


def _write_known_group(sink: Sink, group: EnvironmentGroup, history: History) -> bool:
    before = history.environments.get(group.identity.key)
    if before is None or not (is_refused(group, history) or all(job.idle(group.ends) for job in group.jobs)):
        return False
    for request in group.requests:
        record = environment_record(request, group.identity, None, {}, before.seconds)
        measured = {name: getattr(before, name) for name in ("status", "trouble", "message", "evidence", "failure", "recorded")}
        sink.write(record.model_copy(update={**measured, "reused": True}))
    end = CellEnd(status=before.status, trouble=before.trouble, message=before.message)
    for job in group.jobs:
        sink.write(cell_record(job, job.end(group.ends) if before.status is Status.COMPLETED else end, {}, reused=True))
    return True
