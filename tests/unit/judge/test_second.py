"""Which failures deserve a second opinion, and what it came to."""

from __future__ import annotations

from typing import Any

import pytest

from harness.domain import Declaration, Outcome, Status
from harness.judge.declarations import compiled
from harness.judge.outcomes import CaseVerdict, record_id
from harness.judge.second import (
    SecondOpinion,
    SecondVerdict,
    opinions_on_cases,
    opinions_on_environments,
    surprising_failures,
)
from harness.results.format import Cause, FailureRecord


@pytest.mark.parametrize(
    ("outcome", "matters"),
    [
        (Outcome.PASSED, False),
        (Outcome.SKIPPED, False),
        (Outcome.NOT_APPLICABLE, False),
        (Outcome.FAILED, True),
        (Outcome.ERROR, True),
        (Outcome.CRASHED, True),
        (Outcome.TIMED_OUT, True),
    ],
)
def test_every_failure_that_nobody_declared(make: Any, outcome: Outcome, matters: bool) -> None:
    record = make.case_record(outcome=outcome)
    assert surprising_failures([make.case()], {}, {})(make.run(record)) == (frozenset({record.key}) if matters else frozenset())


@pytest.mark.parametrize(("when", "matters"), [("tensorflow>=2.16", False), ("tensorflow<2.16", True)])
def test_a_failure_that_is_declared_for_another_tensorflow_is_tried_again(make: Any, when: str, matters: bool) -> None:
    mark = Declaration(raises=("ValueError",), match="no", instead="Do it.", location="cases/a.py:1:1", when=when)
    case = make.case(title="Wrong way: it.", declarations=(mark,))
    record = make.case_record(case=case.id, outcome=Outcome.FAILED, failure=failure("1-a"))
    keys = surprising_failures([case], compiled([case], {}), {})(make.run(record, make.environment_record(id=record.environment)))
    assert keys == (frozenset({record.key}) if matters else frozenset())


F, P = CaseVerdict.FAILED, CaseVerdict.PASSED


def failure(signature: str) -> FailureRecord:
    return FailureRecord(kinds=("builtins.ValueError",), message="no", cause=Cause(kinds=(), message="no"), signature=signature)


def on_cases(records: Any) -> list[SecondOpinion | None]:
    """The opinion on each record of the first environment, in their order."""
    run = records.run()
    opinions = opinions_on_cases(run, records.judgements)
    return [opinions.get(record_id(record)) for record in run.cases if record.environment == "env-0"]


def verdicts(records: Any) -> list[str | None]:
    return [opinion.verdict.value if opinion else None for opinion in on_cases(records)]


@pytest.mark.parametrize(
    ("second", "signature", "verdict"),
    [
        (P, None, "passes"),
        (CaseVerdict.PASSED_UNEXPECTEDLY, None, "passes"),
        (F, "1-a", "fails_the_same"),
        (F, "1-b", "fails_otherwise"),
        (F, None, "fails_otherwise"),
        (CaseVerdict.CRASHED, None, "fails_otherwise"),
        (CaseVerdict.AS_DECLARED, "1-a", "fails_as_declared"),
        (CaseVerdict.SKIPPED, None, None),
        (CaseVerdict.NOT_APPLICABLE, None, None),
        (CaseVerdict.NOT_RUN, None, None),
    ],
)
def test_what_an_older_python_says_of_a_failed_case(records: Any, second: CaseVerdict, signature: str | None, verdict: str) -> None:
    first = records.cell(refs=(records.case("cell-0", "env-0", F, failure=failure("1-a")),))
    records.second(first, second, failures=(failure(signature) if signature else None,))
    assert verdicts(records) == [verdict]


def test_a_second_opinion_names_both_pythons(records: Any) -> None:
    records.second(records.cell(F), P)
    assert on_cases(records) == [SecondOpinion(first="3.11.11", second="3.10.14", verdict=SecondVerdict.PASSES)]


@pytest.mark.parametrize("first", [P, CaseVerdict.AS_DECLARED, CaseVerdict.PASSED_UNEXPECTEDLY, CaseVerdict.SKIPPED])
def test_what_failed_as_declared_or_not_at_all_has_none(records: Any, first: CaseVerdict) -> None:
    records.second(records.cell(first), P)
    assert on_cases(records) == [None]


def test_a_case_is_held_against_the_same_case_and_variant(records: Any) -> None:
    refs = tuple(records.case("cell-0", "env-0", F, case="c", key="k", variant=variant) for variant in ("a", "b"))
    first = records.cell(F, refs=refs[:1])
    second = records.second(first)
    again = records.case("cell-0-old", second.id, P, case="c", key="k-old", variant="b")
    records.cells[-1] = records.cells[-1].model_copy(update={"cases": (again,)})
    assert verdicts(records) == [None, "passes", None]


def test_a_case_is_held_against_a_cell_of_the_same_axes(records: Any) -> None:
    first, other = records.cell(F), records.cell(F, model="bert-en/2")
    records.second(other, P)
    records.second(first, F)
    assert verdicts(records) == ["fails_otherwise", "passes"]


def test_a_record_that_another_environment_shares_is_found_by_its_key(records: Any) -> None:
    first = records.cell(F)
    records.second(first, P)
    record = records.cases[-1]
    records.cases[-1] = record.model_copy(update={"environment": records.environment(first.axes).id, "cell": "another"})
    assert [opinion and opinion.verdict.value for opinion in on_cases(records)] == ["passes", None]


def test_without_second_opinions_there_are_none(records: Any) -> None:
    records.cell(F, tensorflow="2.9.3")
    records.cell(P, tensorflow="2.9.3", pins={"python": "3.10"})
    assert (on_cases(records), opinions_on_environments(records.run())) == ([None, None], {})


@pytest.mark.parametrize(
    ("first", "second", "signature", "verdict"),
    [
        (Status.IMPORT_FAILED, Status.COMPLETED, "1-b", "passes"),
        (Status.INSTALL_FAILED, Status.COMPLETED, "1-b", "passes"),
        (Status.IMPORT_FAILED, Status.IMPORT_FAILED, "1-a", "fails_the_same"),
        (Status.IMPORT_FAILED, Status.IMPORT_FAILED, "1-b", "fails_otherwise"),
        (Status.IMPORT_FAILED, Status.LOCK_FAILED, "1-b", "fails_otherwise"),
        (Status.IMPORT_FAILED, Status.UNAVAILABLE, "1-b", None),
        (Status.COMPLETED, Status.IMPORT_FAILED, "1-a", None),
    ],
)
def test_what_an_older_python_makes_of_an_environment(
    records: Any, first: Status, second: Status, signature: str, verdict: str | None
) -> None:
    cell = records.cell(status=first, environment={"status": first, "failure": failure("1-a")})
    records.second(cell, status=second, failure=failure(signature))
    opinions = opinions_on_environments(records.run())
    assert [(id_, opinion.verdict.value) for id_, opinion in opinions.items()] == ([("env-0", verdict)] if verdict else [])


def test_an_environment_without_an_interpreter_has_no_second_opinion(records: Any) -> None:
    cell = records.cell(F, status=Status.IMPORT_FAILED, environment={"status": Status.IMPORT_FAILED, "python": None})
    records.second(cell, P)
    assert (on_cases(records), opinions_on_environments(records.run())) == ([None], {})
