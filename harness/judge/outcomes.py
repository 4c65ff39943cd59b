"""Judge the outcome of a case by what the case declares. Pure.

    outcome                  declaration that applies here     verdict
    passed                   none                              passed
    passed                   one                               passed_unexpectedly
    failed, error            one, of this class and words      as_declared
    failed, error            one, of another class or words    failed_otherwise
    failed                   none                              failed
    error                    none                              error
    crashed, timed_out       one, of this class and words      as_declared
    crashed, timed_out       none, or another                  crashed, timed_out
    not_applicable           any                               not_applicable
    skipped                  any                               skipped
    not_run                  any                               not_run

A declaration applies where its condition holds. A class fits by its own name or by that of one of its bases; words fit if they
are found in what was raised, or in its innermost cause. Of a crash the class is `crashed`, of a time-out `timed_out`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from typing_extensions import assert_never

from harness.domain import Declaration, Outcome
from harness.results.format import CaseRecord, FailureRecord


class CaseVerdict(str, Enum):
    """The verdict on a case: its outcome, compared with its declaration."""

    PASSED = "passed"
    AS_DECLARED = "as_declared"
    FAILED = "failed"
    FAILED_OTHERWISE = "failed_otherwise"
    PASSED_UNEXPECTEDLY = "passed_unexpectedly"
    NOT_APPLICABLE = "not_applicable"
    SKIPPED = "skipped"
    ERROR = "error"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    NOT_RUN = "not_run"


GOOD = frozenset({CaseVerdict.PASSED, CaseVerdict.AS_DECLARED})
"""The expected verdicts."""

SURPRISES = frozenset(
    {
        CaseVerdict.FAILED,
        CaseVerdict.FAILED_OTHERWISE,
        CaseVerdict.PASSED_UNEXPECTEDLY,
        CaseVerdict.ERROR,
        CaseVerdict.CRASHED,
        CaseVerdict.TIMED_OUT,
    }
)
"""Verdicts on failures that nobody declared, and on declared ones that did not happen."""

SILENT = frozenset({CaseVerdict.NOT_APPLICABLE, CaseVerdict.SKIPPED, CaseVerdict.NOT_RUN})
"""Verdicts that say nothing about the software."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseJudgement:
    """The verdict on a case, and the declaration that it was compared with, if any applied.

    `is_known_failure`: a right way failed as declared, so its task can't be done this way here. `proven`: the case that shows
    the declaration's remedy passed in the same environment, on the same model, format and device where it uses them; None where
    no proof is named.
    """

    verdict: CaseVerdict
    is_known_failure: bool = False
    declaration: Declaration | None = None
    proven: bool | None = None


RecordId: TypeAlias = tuple[str, str, str]
"""Key, case and variant of a record."""
Judgements: TypeAlias = Mapping[RecordId, CaseJudgement]


def record_id(record: CaseRecord) -> RecordId:
    """Return the id of a record within its run."""
    return record.key, record.case, record.variant


def judgement_of(judgements: Judgements, record: CaseRecord) -> CaseJudgement:
    """Return the judgement on a record; one that was not judged declares nothing."""
    return judgements.get(record_id(record)) or CaseJudgement(verdict=judge_case(record.outcome, record.failure, None))


def judge_case(outcome: Outcome, failure: FailureRecord | None, declaration: Declaration | None) -> CaseVerdict:
    """Return the verdict on a case.

    Args:
        outcome: the outcome of the case.
        failure: its failure, if it has one.
        declaration: the one that applies where the case ran, if any does.
    """
    match outcome:
        case Outcome.PASSED:
            return CaseVerdict.PASSED if declaration is None else CaseVerdict.PASSED_UNEXPECTEDLY
        case Outcome.FAILED | Outcome.ERROR:
            if declaration is None:
                return CaseVerdict(outcome.value)
            return CaseVerdict.AS_DECLARED if is_the_declared(declaration, failure) else CaseVerdict.FAILED_OTHERWISE
        case Outcome.CRASHED | Outcome.TIMED_OUT:
            as_declared = declaration is not None and is_the_declared(declaration, failure)
            return CaseVerdict.AS_DECLARED if as_declared else CaseVerdict(outcome.value)
        case Outcome.NOT_APPLICABLE | Outcome.SKIPPED | Outcome.NOT_RUN:
            return CaseVerdict(outcome.value)
        case _:
            assert_never(outcome)


def is_the_declared(declaration: Declaration, failure: FailureRecord | None) -> bool:
    """Return True if this failure is the one that was declared, by its class and by its words."""
    return not class_names(failure).isdisjoint(declaration.raises) and has_words(declaration.match, failure)


def class_names(failure: FailureRecord | None) -> frozenset[str]:
    """Return the names, without modules, of the classes that were raised and of their bases: the exception's and its cause's."""
    if failure is None:
        return frozenset()
    return frozenset(kind.rpartition(".")[2] for kind in (*failure.kinds, *failure.cause.kinds))


def has_words(pattern: str, failure: FailureRecord | None, message: str = "") -> bool:
    """Return True if a regular expression is found in the exception's message or in that of its innermost cause.

    `message` is searched if there is no exception, as for a process that ended.
    """
    texts = (failure.message, failure.cause.message) if failure else (message,)
    return any(re.search(pattern, text) for text in texts)
