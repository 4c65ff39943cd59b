"""The rules of the module's table, and that none of them can be silent about a status or an outcome."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.domain import Outcome, Status, Trouble
from harness.judge.verdict import BAD, MEASURED, Verdict, judge, together

P, F, E, S, XF, XP = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.SKIPPED, Outcome.XFAILED, Outcome.XPASSED
CRASHED, TIMED_OUT, NOT_RUN = Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.NOT_RUN


@pytest.mark.parametrize(
    ("outcomes", "verdict", "label", "words"),
    [
        ([P, P], "works", "2/2", "works: 2 of 2 cases passed"),
        ([P, S], "works", "1/1", "works: 1 of 1 case passed"),
        ([P, P, XF], "works", "2+1x", "works: 2 of 3 cases passed, 1 failed as declared"),
        ([XF, XF], "fails", "2x", "fails: 2 cases failed as declared, none passed"),
        ([P, F, E], "partly", "1/3", "partly: 1 of 3 cases passed"),
        ([F, XF], "fails", "0/2", "fails: none of 2 cases passed"),
        ([F, CRASHED], "fails", "crash", "fails: none of 2 cases passed"),
        ([TIMED_OUT], "fails", "timeout", "fails: none of 1 case passed"),
        ([P, XP], "partly", "xpass", "partly: 1 case passed though declared to fail"),
        ([XP, F], "partly", "xpass", "partly: 1 case passed though declared to fail, 1 failed"),
        ([P, NOT_RUN], "not_run", "1/2", "not run: 1 of 2 cases ran"),
        ([NOT_RUN], "not_run", "–", "not run: 0 of 1 case ran"),
        ([P, F, NOT_RUN], "partly", "1/3", "partly: 1 of 3 cases passed"),
        ([S], "not_run", "skipped", "not run: every case was skipped"),
        ([], "not_run", "–", "not run: no case is for it"),
    ],
)
def test_completed(outcomes: list[Outcome], verdict: str, label: str, words: str) -> None:
    found = judge(Status.COMPLETED, None, outcomes)
    assert (found.verdict.value, found.label, found.words) == (verdict, label, words)


@pytest.mark.parametrize(
    ("status", "outcomes", "verdict", "label"),
    [
        (Status.LOCK_FAILED, [NOT_RUN], "fails", "lock"),
        (Status.INSTALL_FAILED, [NOT_RUN], "fails", "install"),
        (Status.IMPORT_FAILED, [NOT_RUN], "fails", "import"),
        (Status.CRASHED, [], "fails", "crash"),
        (Status.CRASHED, [P], "partly", "crash"),
        (Status.TIMED_OUT, [NOT_RUN], "fails", "timeout"),
        (Status.UNAVAILABLE, [F], "unavailable", "machine"),
    ],
)
def test_not_completed(status: Status, outcomes: list[Outcome], verdict: str, label: str) -> None:
    found = judge(status, None, outcomes)
    assert (found.verdict.value, found.label) == (verdict, label)


@given(st.sampled_from(Status), st.none() | st.sampled_from(Trouble), st.lists(st.sampled_from(Outcome)))
def test_every_combination_has_a_short_label_and_words(status: Status, trouble: Trouble | None, outcomes: list[Outcome]) -> None:
    found = judge(status, trouble, outcomes)
    assert 0 < len(found.label) <= 9
    assert found.words.startswith(found.verdict.value.replace("_", " ") + ": ")


@given(st.sampled_from(Status), st.lists(st.sampled_from(Outcome)))
def test_works_is_never_said_of_what_was_not_seen_to_pass(status: Status, outcomes: list[Outcome]) -> None:
    if judge(status, None, outcomes).verdict is Verdict.WORKS:
        assert Outcome.PASSED in outcomes
        assert not BAD & set(outcomes)
        assert Outcome.NOT_RUN not in outcomes


@given(st.lists(st.sampled_from(Verdict)))
def test_together_claims_only_what_every_cell_shows(verdicts: list[Verdict]) -> None:
    found = together(verdicts)
    assert (found is Verdict.WORKS) == (set(verdicts) == {Verdict.WORKS})
    measured = set(verdicts) & MEASURED
    assert (found is Verdict.FAILS) == (measured == {Verdict.FAILS})
