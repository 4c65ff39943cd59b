"""The rules of the module's table, and that none of them can be silent about a status or a case's verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.domain import Status, Trouble
from harness.judge.outcomes import SURPRISES, CaseVerdict
from harness.judge.verdict import MEASURED, CellVerdict, combined_verdict, judge_cell

PASSED, AS_DECLARED, FAILED = CaseVerdict.PASSED, CaseVerdict.AS_DECLARED, CaseVerdict.FAILED
OTHERWISE, UNEXPECTED, ERROR = CaseVerdict.FAILED_OTHERWISE, CaseVerdict.PASSED_UNEXPECTEDLY, CaseVerdict.ERROR
SKIPPED, INAPPLICABLE = CaseVerdict.SKIPPED, CaseVerdict.NOT_APPLICABLE
CRASHED, TIMED_OUT, NOT_RUN = CaseVerdict.CRASHED, CaseVerdict.TIMED_OUT, CaseVerdict.NOT_RUN


@pytest.mark.parametrize(
    ("verdicts", "verdict", "label", "words"),
    [
        ([PASSED, PASSED], "works", "2/2", "works: 2 cases passed"),
        ([PASSED, SKIPPED, INAPPLICABLE], "works", "1/1", "works: 1 case passed"),
        ([PASSED, PASSED, AS_DECLARED], "works", "3/3", "works: 2 cases passed, 1 wrong way fails as declared"),
        ([AS_DECLARED, AS_DECLARED], "fails", "2 known", "fails: 2 cases failed as declared, none passed"),
        ([PASSED, FAILED, ERROR], "partly", "2!", "partly: 2 cases of 3 ended otherwise than expected"),
        ([FAILED, AS_DECLARED], "fails", "1!", "fails: 1 case of 2 ended otherwise than expected"),
        ([PASSED, OTHERWISE], "partly", "1!", "partly: 1 case of 2 ended otherwise than expected"),
        ([FAILED, CRASHED], "fails", "2!", "fails: 2 cases of 2 ended otherwise than expected"),
        ([CRASHED], "fails", "crash", "fails: 1 case of 1 ended otherwise than expected"),
        ([TIMED_OUT], "fails", "timeout", "fails: 1 case of 1 ended otherwise than expected"),
        ([PASSED, UNEXPECTED], "partly", "1!", "partly: 1 case of 2 ended otherwise than expected"),
        ([UNEXPECTED], "partly", "1!", "partly: 1 case of 1 ended otherwise than expected"),
        ([PASSED, NOT_RUN], "not_run", "1/2", "not run: 1 of 2 cases ran"),
        ([NOT_RUN], "not_run", "–", "not run: 0 of 1 case ran"),
        ([PASSED, FAILED, NOT_RUN], "partly", "1!", "partly: 1 case of 3 ended otherwise than expected"),
        ([SKIPPED], "not_run", "n/a", "not run: no case applies"),
        ([INAPPLICABLE], "not_run", "n/a", "not run: no case applies"),
        ([], "not_run", "–", "not run: no case is for it"),
    ],
)
def test_completed(verdicts: list[CaseVerdict], verdict: str, label: str, words: str) -> None:
    judgement = judge_cell(Status.COMPLETED, None, verdicts)
    assert (judgement.verdict.value, judgement.label, judgement.words) == (verdict, label, words)


@pytest.mark.parametrize(
    ("known_failures", "label", "words"),
    [(1, "1 known", "1 right way fails as declared"), (2, "2 known", "2 right ways fail as declared")],
)
def test_a_right_way_that_fails_as_declared_is_known_and_does_not_work(known_failures: int, label: str, words: str) -> None:
    judgement = judge_cell(Status.COMPLETED, None, [PASSED, AS_DECLARED, AS_DECLARED], known_failures)
    assert judgement.verdict is CellVerdict.PARTLY
    assert (judgement.label, judgement.words) == (label, f"partly: {words}, the others work")


@pytest.mark.parametrize(
    ("status", "verdicts", "verdict", "label"),
    [
        (Status.LOCK_FAILED, [NOT_RUN], "fails", "lock"),
        (Status.INSTALL_FAILED, [NOT_RUN], "fails", "install"),
        (Status.IMPORT_FAILED, [NOT_RUN], "fails", "import"),
        (Status.CRASHED, [], "fails", "crash"),
        (Status.CRASHED, [PASSED], "partly", "crash"),
        (Status.TIMED_OUT, [NOT_RUN], "fails", "timeout"),
        (Status.UNAVAILABLE, [FAILED], "unavailable", "machine"),
    ],
)
def test_not_completed(status: Status, verdicts: list[CaseVerdict], verdict: str, label: str) -> None:
    judgement = judge_cell(status, None, verdicts)
    assert (judgement.verdict.value, judgement.label) == (verdict, label)


@given(st.sampled_from(Status), st.none() | st.sampled_from(Trouble), st.lists(st.sampled_from(CaseVerdict)))
def test_every_combination_has_a_short_label_and_words(
    status: Status, trouble: Trouble | None, verdicts: list[CaseVerdict]
) -> None:
    judgement = judge_cell(status, trouble, verdicts)
    assert 0 < len(judgement.label) <= 9
    assert judgement.words.startswith(judgement.verdict.value.replace("_", " ") + ": ")


@given(st.sampled_from(Status), st.lists(st.sampled_from(CaseVerdict)))
def test_works_is_never_said_of_what_was_not_seen_to_pass(status: Status, verdicts: list[CaseVerdict]) -> None:
    if judge_cell(status, None, verdicts).verdict is CellVerdict.WORKS:
        assert PASSED in verdicts
        assert not SURPRISES & set(verdicts)
        assert NOT_RUN not in verdicts


@given(st.lists(st.sampled_from(CellVerdict)))
def test_together_claims_only_what_every_cell_shows(verdicts: list[CellVerdict]) -> None:
    found = combined_verdict(verdicts)
    assert (found is CellVerdict.WORKS) == (set(verdicts) == {CellVerdict.WORKS})
    measured = set(verdicts) & MEASURED
    assert (found is CellVerdict.FAILS) == (measured == {CellVerdict.FAILS})
