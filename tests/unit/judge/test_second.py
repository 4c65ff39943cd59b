"""Which failures deserve a second opinion."""

from __future__ import annotations

from typing import Any

import pytest

from harness.domain import Outcome
from harness.judge.second import undeclared_failures


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
    assert undeclared_failures([make.case()])(make.case_record(outcome=outcome)) is matters
