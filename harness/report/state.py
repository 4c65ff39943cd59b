"""What a case came to in a cell: pure rules from an outcome and, where it did not run, from what ended its cell.

    cell or environment                        outcome of the case   state
    any                                        any but not_run       that of the outcome
    lock, install or import failed             not_run               blocked
    environment crashed, timed out             not_run               blocked
    cell crashed, timed out                    not_run               crashed, timed_out
    unavailable                                not_run               unavailable
    completed, or planned without a record     not_run               not_run

Several at one place: silent ones (not applicable, skipped, unavailable, not run) add nothing to others; others that differ are
`mixed`.
"""

from __future__ import annotations

from collections.abc import Iterable

from typing_extensions import assert_never

from harness.domain import Status
from harness.judge.outcomes import CaseVerdict
from harness.report.document import CellView, State

SILENT = (State.NOT_APPLICABLE, State.SKIPPED, State.UNAVAILABLE, State.NOT_RUN)
_ENDED = frozenset({Status.LOCK_FAILED, Status.INSTALL_FAILED, Status.IMPORT_FAILED, Status.CRASHED, Status.TIMED_OUT})


def merged(states: Iterable[State]) -> State:
    """Several as one: what they agree on, leaving out those that say nothing."""
    found = frozenset(states)
    if len(found) == 1:
        return next(iter(found))
    told = found - frozenset(SILENT)
    if len(told) == 1:
        return next(iter(told))
    return State.MIXED if told else next((state for state in SILENT if state in found), State.NOT_RUN)


def reason(cell: CellView, environment: Status | None) -> State:
    """Why a case of this cell did not run."""
    if cell.status is Status.UNAVAILABLE:
        return State.UNAVAILABLE
    if cell.status in (Status.LOCK_FAILED, Status.INSTALL_FAILED, Status.IMPORT_FAILED):
        return State.BLOCKED
    if cell.status in (Status.CRASHED, Status.TIMED_OUT):
        ended = State.CRASHED if cell.status is Status.CRASHED else State.TIMED_OUT
        return State.BLOCKED if environment in _ENDED else ended
    return State.NOT_RUN


def state_of(verdict: CaseVerdict, reason: State) -> State:
    """Return the state of one case in one cell; `reason` is why it did not run, if it didn't."""
    match verdict:
        case CaseVerdict.FAILED | CaseVerdict.ERROR:
            return State.FAILED
        case CaseVerdict.FAILED_OTHERWISE:
            return State.OTHERWISE
        case CaseVerdict.AS_DECLARED:
            return State.DECLARED
        case CaseVerdict.PASSED_UNEXPECTEDLY:
            return State.UNEXPECTED
        case CaseVerdict.PASSED | CaseVerdict.SKIPPED | CaseVerdict.NOT_APPLICABLE | CaseVerdict.CRASHED | CaseVerdict.TIMED_OUT:
            return State(verdict.value)
        case CaseVerdict.NOT_RUN:
            return reason
        case _:
            assert_never(verdict)
