"""Which failures deserve a second opinion on an older Python. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.domain import Case, Outcome
from harness.judge.outcomes import is_the_declared
from harness.results.format import CaseRecord

BAD = (Outcome.FAILED, Outcome.ERROR, Outcome.CRASHED, Outcome.TIMED_OUT)


def undeclared_failures(cases: Iterable[Case]) -> Callable[[CaseRecord], bool]:
    """Return a test of records: whether a case failed in a way that it declares nowhere.

    Conditions are left aside: a failure that a case knows of some TensorFlow has its explanation.
    """
    declarations = {case.id: case.declarations for case in cases}

    def matters(record: CaseRecord) -> bool:
        known = declarations.get(record.case, ())
        return record.outcome in BAD and not any(is_the_declared(declaration, record.failure) for declaration in known)

    return matters
