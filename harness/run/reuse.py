"""Records of what needs no measuring: environments that can't be locked, and what earlier runs measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.domain import Case, Plan, Status
from harness.environments.uv import Failure
from harness.results.history import History
from harness.results.rows import Fact
from harness.run.assign import CellEnd, unkeyed
from harness.run.groups import EnvironmentGroup, is_refused
from harness.run.keys import Identity
from harness.run.records import cell_record, environment_record
from harness.run.sink import Sink


def write_unlocked(sink: Sink, plan: Plan, cases: Sequence[Case], identities: Mapping[str, Identity | Failure]) -> None:
    """Record environments without a lock: they are results too. Their cells have that status, their cases did not run."""
    failures = {name: answer for name, answer in identities.items() if isinstance(answer, Failure)}
    cells = [cell for cell in plan.cells if cell.environment in failures]
    facts: list[Fact] = [environment_record(plan.environments[name], None, failure, {}, 0.0) for name, failure in failures.items()]
    for job in unkeyed(cells, cases, plan.models):
        failure = failures[job.cell.environment]
        end = CellEnd(status=failure.status, trouble=failure.trouble, message=failure.message)
        facts.append(cell_record(job, end, {}, reused=False))
    sink.write_all(facts)


def write_known_cases(sink: Sink, groups: Sequence[EnvironmentGroup], history: History) -> None:
    """Record every case that is reused, once, under the run that measured it."""
    keys = dict.fromkeys(ref.key for group in groups for job in group.jobs for ref in job.refs)
    sink.recording.reuse([case.row for key in keys for case in history.cases.get(key or "", ())])


def write_known_groups(sink: Sink, groups: Sequence[EnvironmentGroup], history: History) -> tuple[EnvironmentGroup, ...]:
    """Record the environments and cells of groups with nothing left to run; return the other groups."""
    return tuple(group for group in groups if not _write_known_group(sink, group, history))


def _write_known_group(sink: Sink, group: EnvironmentGroup, history: History) -> bool:
    before = history.environments.get(group.identity.key)
    if before is None or not (is_refused(group, history) or all(job.idle(group.ends) for job in group.jobs)):
        return False
    measured = {name: getattr(before, name) for name in ("status", "trouble", "message", "evidence", "failure", "recorded")}
    # Requests that lock to the same packages share what was measured, but each is recorded as it was requested here.
    environments = (environment_record(request, group.identity, None, {}, before.seconds) for request in group.requests)
    end = CellEnd(status=before.status, trouble=before.trouble, message=before.message)
    ends = ((job, job.end(group.ends) if before.status is Status.COMPLETED else end) for job in group.jobs)
    sink.write_all(
        [
            *(record.model_copy(update={**measured, "reused": True}) for record in environments),
            *(cell_record(job, job_end, {}, reused=True) for job, job_end in ends),
        ]
    )
    return True
