"""Every case record of a run gets a verdict, held against the declaration that applies where it ran."""

from __future__ import annotations

from typing import Any

from harness.domain import Declaration, Interface
from harness.judge.declarations import compiled
from harness.judge.judgement import judge_run
from harness.judge.outcomes import CaseJudgement, CaseVerdict, record_id
from harness.results.format import Package

WRONG, RIGHT = "cases/a.py::test_wrong", "cases/a.py::test_right"
SAYS = "ValueError: no such output 'pooled'"


def judged(make: Any, records: Any, case: Any) -> list[CaseJudgement]:
    run = records.run()
    judgements = judge_run(run, [case], compiled([case], {}), {"bert-en/3": Interface.DICT, "bert-en/2": Interface.LIST})
    return [judgements[record_id(record)] for record in run.cases if record.case == case.id]


def declaration(**values: str) -> Declaration:
    return Declaration(
        raises=("ValueError",), match="no such output", instead="Name it.", location="cases/a.py:1:1", proof=RIGHT, **values
    )


def fail(records: Any, tensorflow: str, message: str, **uses: str) -> None:
    cell = records.cell(tensorflow=tensorflow)
    records.case(cell.id, cell.environment, CaseVerdict.FAILED, case=WRONG, message=message, uses=uses)


def test_class_words_and_condition_make_a_failure_the_declared_one(make: Any, records: Any) -> None:
    fail(records, "2.19.1", SAYS)
    fail(records, "2.19.1", "ValueError: A KerasTensor is symbolic")
    fail(records, "2.19.1", "TypeError: no such output")
    fail(records, "2.15.1", SAYS)
    case = make.case(WRONG, title="Wrong way: it.", declarations=(declaration(when="tensorflow>=2.16"),))
    assert [judgement.verdict.value for judgement in judged(make, records, case)] == [
        "as_declared",
        "failed_otherwise",
        "failed_otherwise",
        "failed",
    ]


def test_conditions_ask_about_the_axes_that_a_case_uses(make: Any, records: Any) -> None:
    fail(records, "2.19.1", SAYS, model="bert-en/2")
    fail(records, "2.19.1", SAYS, model="bert-en/3")
    fail(records, "2.19.1", SAYS)
    case = make.case(WRONG, title="Wrong way: it.", declarations=(declaration(when="interface=list"),))
    assert [judgement.verdict.value for judgement in judged(make, records, case)] == ["as_declared", "failed", "failed"]


def test_a_right_way_that_fails_as_declared_is_known(make: Any, records: Any) -> None:
    fail(records, "2.19.1", SAYS)
    wrong = make.case(WRONG, title="Wrong way: it.", declarations=(declaration(),))
    right = make.case(WRONG, title="It gives the output.", declarations=(declaration(),))
    assert [judged(make, records, case)[0].is_known_failure for case in (wrong, right)] == [False, True]


def test_a_remedy_is_proven_by_its_case_in_the_same_environment_on_the_same_axes(make: Any, records: Any) -> None:
    for tensorflow in ("2.15.1", "2.16.2", "2.19.1"):
        fail(records, tensorflow, SAYS, model="bert-en/3")
    homes = {axes[0]: record.id for axes, record in records.environments.items()}
    records.case("c", homes["2.15.1"], CaseVerdict.PASSED, case=RIGHT, uses={"model": "bert-en/3"})
    records.case("c", homes["2.16.2"], CaseVerdict.PASSED, case=RIGHT, uses={"model": "bert-en/2"})
    records.case("c", homes["2.19.1"], CaseVerdict.FAILED, case=RIGHT, uses={"model": "bert-en/3"})
    case = make.case(WRONG, title="Wrong way: it.", declarations=(declaration(),))
    assert [judgement.proven for judgement in judged(make, records, case)] == [True, False, False]


def test_conditions_ask_about_what_was_installed_beside_the_environment(make: Any, records: Any) -> None:
    for version in ("4.56.0", "5.24.0"):
        cell = records.cell(tensorflow="2.19.1")
        beside = (Package(name="transformers", version=version),)
        records.case(cell.id, cell.environment, CaseVerdict.FAILED, case=WRONG, message=SAYS, beside=beside)
    case = make.case(WRONG, title="Wrong way: it.", declarations=(declaration(when="package(transformers)>=5"),))
    assert [judgement.verdict.value for judgement in judged(make, records, case)] == ["failed", "as_declared"]
