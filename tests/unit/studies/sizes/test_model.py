"""What an answer says of a batch."""

from __future__ import annotations

import pytest

from harness.services.tpu_compiler.answers import Answer, Verdict
from harness.studies.sizes.model import SIZES, Fit, fit
from tests.unit.studies.sizes.made import REFUSAL


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(outcome=Verdict.COMPILED), Fit.FITS),
        (Answer(outcome=Verdict.REFUSED, message=REFUSAL), Fit.TOO_LARGE),
        (Answer(outcome=Verdict.REFUSED, message="first line", evidence=f"first line\n{REFUSAL}"), Fit.TOO_LARGE),
        (Answer(outcome=Verdict.REFUSED, message="UNIMPLEMENTED: no such op"), Fit.REFUSED),
    ],
)
def test_the_compiler_decides(answer: Answer, expected: Fit) -> None:
    assert fit(answer) is expected


@pytest.mark.parametrize("outcome", sorted(set(Verdict) - {Verdict.COMPILED, Verdict.REFUSED}))
def test_what_is_no_verdict_says_nothing_of_the_batch(outcome: Verdict) -> None:
    """`memory` too: it is this machine's memory that the compiler ran out of, not the chip's."""
    assert fit(Answer(outcome=outcome, message="out of memory")) is Fit.NO_ANSWER


def test_heads_divide_the_width() -> None:
    assert all(size.width % size.heads == 0 for size in SIZES.values())
