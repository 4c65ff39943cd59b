"""A task works where its way works; where it doesn't, where something that stands in for it does."""

from __future__ import annotations

from typing import Any

import pytest

from harness.domain import Case, Status, UserTask, Way
from harness.judge.outcomes import CaseVerdict
from harness.judge.tasks import ORDER, TaskJudgement, TaskVerdict, judge_tasks
from tests.unit.report.conftest import Records

WAY, OTHER, THIRD = "cases/a.py::test_way", "cases/a.py::test_other", "cases/a.py::test_third"


def case(make: Any, name: str, instead_of: str = "") -> Case:
    return make.case(name, way=Way(task=UserTask.BUILD, instead_of=instead_of, location="cases/a.py:1:1"))


def judged(make: Any, **verdicts: CaseVerdict) -> TaskJudgement:
    records = Records()
    ids = {"way": WAY, "other": OTHER, "third": THIRD}
    refs = tuple(records.case("cell-0", "env-0", verdict, case=ids[name]) for name, verdict in verdicts.items())
    records.cell(refs=refs)
    cases = (case(make, WAY), case(make, OTHER, WAY), case(make, THIRD, OTHER))
    (of_case,) = [task for task in judge_tasks(records.run(), cases, records.judgements) if task.task is UserTask.BUILD]
    return of_case


@pytest.mark.parametrize(
    ("way", "other", "verdict", "by"),
    [
        (CaseVerdict.PASSED, CaseVerdict.FAILED, TaskVerdict.WORKS, WAY),
        (CaseVerdict.AS_DECLARED, CaseVerdict.PASSED, TaskVerdict.WORKS_OTHERWISE, OTHER),
        (CaseVerdict.FAILED, CaseVerdict.PASSED, TaskVerdict.WORKS_OTHERWISE, OTHER),
        (CaseVerdict.AS_DECLARED, CaseVerdict.AS_DECLARED, TaskVerdict.FAILS, ""),
        (CaseVerdict.NOT_APPLICABLE, CaseVerdict.PASSED, TaskVerdict.WORKS_OTHERWISE, OTHER),
        (CaseVerdict.NOT_APPLICABLE, CaseVerdict.FAILED, TaskVerdict.NOT_APPLICABLE, ""),
        (CaseVerdict.NOT_RUN, CaseVerdict.PASSED, TaskVerdict.NOT_MEASURED, ""),
        (CaseVerdict.CRASHED, CaseVerdict.NOT_RUN, TaskVerdict.FAILS, ""),
    ],
)
def test_the_table(make: Any, way: CaseVerdict, other: CaseVerdict, verdict: TaskVerdict, by: str) -> None:
    task = judged(make, way=way, other=other)
    assert (task.verdict, task.way, task.by) == (verdict, WAY, by)


def test_what_stands_in_for_a_stand_in_counts(make: Any) -> None:
    task = judged(make, way=CaseVerdict.AS_DECLARED, other=CaseVerdict.NOT_APPLICABLE, third=CaseVerdict.PASSED)
    assert (task.verdict, task.by) == (TaskVerdict.WORKS_OTHERWISE, THIRD)


def test_a_way_of_which_one_variant_fails_does_not_work(make: Any, records: Any) -> None:
    ref = records.case("cell-0", "env-0", CaseVerdict.PASSED, case=WAY, key="k", variant="a")
    records.case("cell-0", "env-0", CaseVerdict.FAILED, case=WAY, key="k", variant="b")
    records.cell(refs=(ref,))
    tasks = [task for task in judge_tasks(records.run(), (case(make, WAY),), records.judgements) if task.way]
    assert [task.verdict for task in tasks] == [TaskVerdict.FAILS]


@pytest.mark.parametrize(
    ("status", "verdicts"),
    [
        (Status.COMPLETED, [TaskVerdict.WORKS, TaskVerdict.WORKS]),
        (Status.IMPORT_FAILED, [TaskVerdict.WORKS, TaskVerdict.FAILS]),
        (Status.LOCK_FAILED, [TaskVerdict.FAILS, TaskVerdict.NOT_MEASURED]),
        (Status.UNAVAILABLE, [TaskVerdict.NOT_MEASURED, TaskVerdict.NOT_MEASURED]),
    ],
)
def test_install_and_import_are_of_the_environment(records: Any, status: Status, verdicts: list[TaskVerdict]) -> None:
    records.cell(status=status, environment={"status": status})
    assert [task.verdict for task in judge_tasks(records.run(), (), {})] == verdicts


def test_every_verdict_of_a_case_has_its_place_among_variants() -> None:
    assert set(ORDER) == set(CaseVerdict)
