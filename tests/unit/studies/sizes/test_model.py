"""What an answer says of a batch."""

from __future__ import annotations

import pytest

from harness.services.tpu_compiler.answers import CompileOutcome, CompilerAnswer
from harness.studies.sizes.model import SIZES, Fit, fit
from tests.unit.studies.sizes.made import REFUSAL


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (CompilerAnswer(outcome=CompileOutcome.COMPILED), Fit.FITS),
        (CompilerAnswer(outcome=CompileOutcome.REFUSED, message=REFUSAL), Fit.TOO_LARGE),
        (CompilerAnswer(outcome=CompileOutcome.REFUSED, message="first line", evidence=f"first line\n{REFUSAL}"), Fit.TOO_LARGE),
        (CompilerAnswer(outcome=CompileOutcome.REFUSED, message="UNIMPLEMENTED: no such op"), Fit.REFUSED),
    ],
)
def test_the_compiler_decides(answer: CompilerAnswer, expected: Fit) -> None:
    assert fit(answer) is expected


@pytest.mark.parametrize("outcome", sorted(set(CompileOutcome) - {CompileOutcome.COMPILED, CompileOutcome.REFUSED}))
def test_what_is_no_verdict_says_nothing_of_the_batch(outcome: CompileOutcome) -> None:
    """`memory` too: it is this machine's memory that the compiler ran out of, not the chip's."""
    assert fit(CompilerAnswer(outcome=outcome, message="out of memory")) is Fit.NO_ANSWER


def test_heads_divide_the_width() -> None:
    assert all(size.width % size.heads == 0 for size in SIZES.values())
