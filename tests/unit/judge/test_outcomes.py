"""A failure is as declared only where it is the declared one: the table of the module, and what fits."""

from __future__ import annotations

import pytest

from harness.domain import Declaration, Outcome
from harness.judge.outcomes import GOOD, SILENT, SURPRISES, CaseVerdict, is_the_declared, judge_case
from harness.results.format import Cause, FailureRecord

SYMBOLIC = "A KerasTensor is symbolic: it's a placeholder for a shape an a dtype."


def failure(kind: str = "builtins.ValueError", words: str = "no such output", *bases: str, cause: str = "") -> FailureRecord:
    kinds = (kind, *bases, "builtins.Exception")
    return FailureRecord(kinds=kinds, message=words, cause=Cause(kinds=kinds, message=cause or words), signature="1-x")


def declared(*raises: str, match: str = "no such output") -> Declaration:
    return Declaration(raises=raises or ("ValueError",), match=match, instead="Name it.", location="cases/test_x.py:1:1")


@pytest.mark.parametrize(
    ("outcome", "seen", "declaration", "verdict"),
    [
        (Outcome.PASSED, None, None, CaseVerdict.PASSED),
        (Outcome.PASSED, None, declared(), CaseVerdict.PASSED_UNEXPECTEDLY),
        (Outcome.FAILED, failure(), declared(), CaseVerdict.AS_DECLARED),
        (Outcome.FAILED, failure(words=SYMBOLIC), declared(), CaseVerdict.FAILED_OTHERWISE),
        (Outcome.FAILED, failure("builtins.TypeError"), declared(), CaseVerdict.FAILED_OTHERWISE),
        (Outcome.FAILED, failure(), None, CaseVerdict.FAILED),
        (Outcome.FAILED, None, declared(), CaseVerdict.FAILED_OTHERWISE),
        (Outcome.ERROR, failure(), None, CaseVerdict.ERROR),
        (Outcome.ERROR, failure(), declared(), CaseVerdict.AS_DECLARED),
        (Outcome.CRASHED, failure("crashed", "ended by SIGSEGV"), declared(), CaseVerdict.CRASHED),
        (Outcome.CRASHED, failure("crashed", "ended by SIGSEGV"), declared("crashed", match="SIGSEGV"), CaseVerdict.AS_DECLARED),
        (Outcome.TIMED_OUT, failure("timed_out", "still running"), None, CaseVerdict.TIMED_OUT),
        (Outcome.NOT_APPLICABLE, None, declared(), CaseVerdict.NOT_APPLICABLE),
        (Outcome.SKIPPED, None, declared(), CaseVerdict.SKIPPED),
        (Outcome.NOT_RUN, None, declared(), CaseVerdict.NOT_RUN),
    ],
)
def test_the_table(outcome: Outcome, seen: FailureRecord | None, declaration: Declaration | None, verdict: CaseVerdict) -> None:
    assert judge_case(outcome, seen, declaration) is verdict


def test_the_class_fits_by_a_base_and_never_by_a_part_of_its_name() -> None:
    not_found = failure(
        "tensorflow.python.framework.errors_impl.NotFoundError", "x", "tensorflow.python.framework.errors_impl.OpError"
    )
    assert is_the_declared(declared("OpError", match="x"), not_found)
    assert not is_the_declared(declared("Error", match="x"), not_found)


def test_words_of_the_innermost_cause_fit_too() -> None:
    wrapped = failure(words="Exception encountered when calling layer", cause=SYMBOLIC)
    assert is_the_declared(declared(match="A KerasTensor is symbolic"), wrapped)


def test_every_verdict_is_good_a_surprise_or_silent() -> None:
    assert set(CaseVerdict) == GOOD | SURPRISES | SILENT
    assert len(GOOD) + len(SURPRISES) + len(SILENT) == len(CaseVerdict)
