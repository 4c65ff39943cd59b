"""Judge the tasks of users in each cell: does the way to do a task work, or else a stand-in for it? Pure.

    the way                            a stand-in for it passed   verdict
    passed                             any                        works
    failed, declared or not            yes                        works_otherwise
    failed, declared or not            no                         fails
    not applicable, skipped            yes                        works_otherwise
    not applicable, skipped            no                         not_applicable
    not run                            any                        not_measured

Variants of a case count together: the case passed if all of them did. A task with several ways, one for each interface of models,
is judged by those that bear on the cell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from typing_extensions import assert_never

from harness.domain import Case, Status, UserTask
from harness.judge.outcomes import CaseVerdict, Judgements, record_id
from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord
from harness.results.run import Run


class TaskVerdict(str, Enum):
    """The verdict on a task in a cell."""

    WORKS = "works"
    WORKS_OTHERWISE = "works_otherwise"
    FAILS = "fails"
    NOT_APPLICABLE = "not_applicable"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskJudgement:
    """The verdict on a task in a cell. `way` is the case that does it, `by` the case that works: the same, or its stand-in."""

    cell: str
    task: UserTask
    verdict: TaskVerdict
    way: str = ""
    by: str = ""


Verdicts: TypeAlias = Mapping[str, CaseVerdict]
"""Verdicts by case id, in one cell."""

ORDER = (
    CaseVerdict.CRASHED,
    CaseVerdict.TIMED_OUT,
    CaseVerdict.ERROR,
    CaseVerdict.FAILED,
    CaseVerdict.FAILED_OTHERWISE,
    CaseVerdict.AS_DECLARED,
    CaseVerdict.NOT_RUN,
    CaseVerdict.PASSED_UNEXPECTEDLY,
    CaseVerdict.PASSED,
    CaseVerdict.SKIPPED,
    CaseVerdict.NOT_APPLICABLE,
)
"""Of several variants' verdicts the first in this order counts."""


def judge_tasks(run: Run, cases: Iterable[Case], judgements: Judgements) -> Iterator[TaskJudgement]:
    """Judge each task in each cell that its case bears on, in the order of the run's cells, `install` and `import` first.

    Args:
        run: the run.
        cases: all cases; their marks name the tasks.
        judgements: the verdict on each case record.
    """
    ways = [case for case in cases if case.way]
    environments = {record.id: record for record in run.environments}
    records: defaultdict[str, list[CaseRecord]] = defaultdict(list)
    for record in run.cases:
        records[record.key].append(record)
    for cell in run.cells:
        if environment := environments.get(cell.environment):
            yield from _of_environment(cell, environment)
        yield from _of_cell(cell, ways, _verdicts(cell, records, judgements))


def _of_environment(cell: CellRecord, environment: EnvironmentRecord) -> Iterator[TaskJudgement]:
    """Judge the two tasks that need no case."""
    match environment.status:
        case Status.COMPLETED | Status.CRASHED | Status.TIMED_OUT:
            installed, imported = TaskVerdict.WORKS, TaskVerdict.WORKS
        case Status.IMPORT_FAILED:
            installed, imported = TaskVerdict.WORKS, TaskVerdict.FAILS
        case Status.LOCK_FAILED | Status.INSTALL_FAILED:
            installed, imported = TaskVerdict.FAILS, TaskVerdict.NOT_MEASURED
        case Status.UNAVAILABLE:
            installed, imported = TaskVerdict.NOT_MEASURED, TaskVerdict.NOT_MEASURED
        case _:
            assert_never(environment.status)
    yield TaskJudgement(cell=cell.id, task=UserTask.INSTALL, verdict=installed)
    yield TaskJudgement(cell=cell.id, task=UserTask.IMPORT, verdict=imported)


def _of_cell(cell: CellRecord, ways: Sequence[Case], verdicts: Verdicts) -> Iterator[TaskJudgement]:
    for case in ways:
        if case.way and not case.way.instead_of and case.id in verdicts:
            stand_ins = _stand_ins(case.id, ways)
            by = next((other for other in stand_ins if verdicts.get(other) is CaseVerdict.PASSED), "")
            verdict = _task_verdict(verdicts[case.id], bool(by))
            working_way = case.id if verdict is TaskVerdict.WORKS else by if verdict is TaskVerdict.WORKS_OTHERWISE else ""
            yield TaskJudgement(cell=cell.id, task=case.way.task, verdict=verdict, way=case.id, by=working_way)


def _stand_ins(way: str, ways: Sequence[Case]) -> tuple[str, ...]:
    """Return the cases that stand in for a way, and those that stand in for them, nearest first."""
    chain = [way]
    for stood_in in chain:  # grows while it is read
        chain += [case.id for case in ways if case.way and case.way.instead_of == stood_in and case.id not in chain]
    return tuple(chain[1:])


def _task_verdict(way: CaseVerdict, stood_in: bool) -> TaskVerdict:
    match way:
        case CaseVerdict.PASSED | CaseVerdict.PASSED_UNEXPECTEDLY:
            return TaskVerdict.WORKS
        case CaseVerdict.NOT_APPLICABLE | CaseVerdict.SKIPPED:
            return TaskVerdict.WORKS_OTHERWISE if stood_in else TaskVerdict.NOT_APPLICABLE
        case CaseVerdict.NOT_RUN:
            return TaskVerdict.NOT_MEASURED
        case (
            CaseVerdict.AS_DECLARED
            | CaseVerdict.FAILED
            | CaseVerdict.FAILED_OTHERWISE
            | CaseVerdict.ERROR
            | CaseVerdict.CRASHED
            | CaseVerdict.TIMED_OUT
        ):
            return TaskVerdict.WORKS_OTHERWISE if stood_in else TaskVerdict.FAILS
        case _:
            assert_never(way)


def _verdicts(cell: CellRecord, records: Mapping[str, Sequence[CaseRecord]], judgements: Judgements) -> Verdicts:
    verdicts: dict[str, CaseVerdict] = {}
    for ref in cell.cases:
        judged = [
            judgements[record_id(record)].verdict for record in records.get(ref.key or "", ()) if record_id(record) in judgements
        ]
        verdicts[ref.case] = min(judged, key=ORDER.index, default=CaseVerdict.NOT_RUN)
    return verdicts
