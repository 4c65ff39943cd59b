"""Derive the state of a case in a cell: pure rules from its outcome or, if it did not run, from the end of its cell.

    cell or environment                        outcome of the case   state
    any                                        any but not_run       that of the outcome
    lock, install or import failed             not_run               blocked
    environment crashed, timed out             not_run               blocked
    cell crashed, timed out                    not_run               crashed, timed_out
    unavailable                                not_run               unavailable
    completed, or planned without a record     not_run               not_run

Several states in one mark: silent ones (not applicable, skipped, unavailable, not run) add nothing to others; others that differ
are `mixed`.
"""

from __future__ import annotations

from collections.abc import Iterable

from typing_extensions import assert_never

from harness.domain import Status
from harness.judge.outcomes import CaseVerdict
from harness.report.document import CellView, State

# In the order in which one of them is taken where there is nothing else.
SILENT = (State.NOT_APPLICABLE, State.SKIPPED, State.UNAVAILABLE, State.NOT_RUN)
_ENDED = frozenset({Status.LOCK_FAILED, Status.INSTALL_FAILED, Status.IMPORT_FAILED, Status.CRASHED, Status.TIMED_OUT})


def merged(states: Iterable[State]) -> State:
    """Merge states into the one that they agree on, silent states aside; `mixed` if they don't agree."""
    different = frozenset(states)
    if len(different) == 1:
        return next(iter(different))
    telling = different - frozenset(SILENT)
    if len(telling) == 1:
        return next(iter(telling))
    return State.MIXED if telling else next((state for state in SILENT if state in different), State.NOT_RUN)


def reason(cell: CellView, environment: Status | None) -> State:
    """Return the state of the cases of this cell that did not run; `environment` is how its environment ended, None if unknown."""
    if cell.status is Status.UNAVAILABLE:
        return State.UNAVAILABLE
    if cell.status in (Status.LOCK_FAILED, Status.INSTALL_FAILED, Status.IMPORT_FAILED):
        return State.BLOCKED
    if cell.status in (Status.CRASHED, Status.TIMED_OUT):
        ended = State.CRASHED if cell.status is Status.CRASHED else State.TIMED_OUT
        # A cell takes over the status of an environment that ended: then its own process never started.
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
