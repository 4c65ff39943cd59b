"""The verdict on a cell, from its status and the verdicts on its cases. Pure; the truth table:

    status                                cases                                    verdict      label
    lock_failed, install_failed, import_failed  any                                fails        lock, install, import
    crashed, timed_out (outside any case) some passed                              partly       crash, timeout
    crashed, timed_out (outside any case) none passed                              fails        crash, timeout
    unavailable                           any                                      unavailable  what the machine lacks
    completed                             surprises, some passed                   partly       2! (the number of surprises)
    completed                             surprises, nothing passed                fails        crash, timeout, 2!
    completed                             no surprises, some missing               not_run      4/11
    completed                             no surprises, a right way fails as declared, some passed   partly  3 known
    completed                             no surprises, none passed, some as declared                fails   2 known
    completed                             no surprises, some passed                works        11/11
    completed                             none but skipped or not applicable       not_run      n/a
    completed                             none at all                              not_run      –

Passed and as declared are good: a wrong way that fails in the declared words does what its case is for. A right way that fails in
the declared words is good too, since it surprises nobody, but a cell that has one does not work in every way: it works partly.
Surprises are undeclared (harness/judge/outcomes.py). Cases that were skipped or don't apply are not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from typing_extensions import assert_never

from harness.domain import Status, Trouble
from harness.judge.outcomes import GOOD, SURPRISES, CaseVerdict


class CellVerdict(str, Enum):
    """A cell, or several taken together. `unavailable` and `not_run` say nothing about the software."""

    WORKS = "works"
    PARTLY = "partly"
    FAILS = "fails"
    UNAVAILABLE = "unavailable"
    NOT_RUN = "not_run"


MEASURED = frozenset({CellVerdict.WORKS, CellVerdict.PARTLY, CellVerdict.FAILS})


@dataclass(frozen=True, slots=True, kw_only=True)
class CellJudgement:
    """A verdict, its label of at most nine characters, and the same in words."""

    verdict: CellVerdict
    label: str
    words: str


UNAVAILABLE: Mapping[Trouble | None, tuple[str, str]] = {
    Trouble.INTERPRETER: ("python", "no such interpreter here"),
    Trouble.NETWORK: ("network", "no network here"),
    Trouble.DEVICE: ("device", "no such device here"),
    Trouble.MEMORY: ("memory", "out of memory here"),
    Trouble.DISK: ("disk", "out of disk here"),
    Trouble.LIMITS: ("limits", "out of files, threads or processes here"),
    Trouble.TOOLCHAIN: ("pytest", "no pytest fits beside these packages"),
    Trouble.MODEL: ("model", "the server does not give the model"),
    Trouble.KILLED: ("killed", "ended from outside"),
    None: ("machine", "trouble of this machine"),
}
"""The label of a cell and its words, by the trouble that the machine had."""


def judge_cell(status: Status, trouble: Trouble | None, verdicts: Iterable[CaseVerdict], known_failures: int = 0) -> CellJudgement:
    """Return the verdict on one cell.

    Args:
        status: the status of the cell.
        trouble: what the machine lacks, for an unavailable cell.
        verdicts: the verdict on each of its cases.
        known_failures: how many of them are right ways that failed as declared.
    """
    tally = Counter(verdicts)
    match status:
        case Status.COMPLETED:
            return _completed(tally, known_failures)
        case Status.UNAVAILABLE:
            return _unavailable(trouble)
        case Status.LOCK_FAILED:
            return _say(CellVerdict.FAILS, "lock", "no set of packages satisfies the request")
        case Status.INSTALL_FAILED:
            return _say(CellVerdict.FAILS, "install", "a package can't be installed")
        case Status.IMPORT_FAILED:
            return _say(CellVerdict.FAILS, "import", "import raises")
        case Status.CRASHED:
            return _broken(tally, "crash", "the process crashed")
        case Status.TIMED_OUT:
            return _broken(tally, "timeout", "the process timed out")
        case _:
            assert_never(status)


def combined_verdict(verdicts: Iterable[CellVerdict]) -> CellVerdict:
    """Return one verdict for several cells: `works` only if all were measured and work."""
    different = frozenset(verdicts)
    measured = different & MEASURED
    if measured == {CellVerdict.FAILS}:
        return CellVerdict.FAILS
    if measured - {CellVerdict.WORKS}:
        return CellVerdict.PARTLY
    if CellVerdict.UNAVAILABLE in different:
        return CellVerdict.UNAVAILABLE
    if CellVerdict.NOT_RUN in different or not different:
        return CellVerdict.NOT_RUN
    return CellVerdict.WORKS


def _completed(tally: Counter[CaseVerdict], known_failures: int) -> CellJudgement:
    surprises = sum(tally[verdict] for verdict in SURPRISES)
    good = sum(tally[verdict] for verdict in GOOD)
    passed, missing = tally[CaseVerdict.PASSED], tally[CaseVerdict.NOT_RUN]
    total = good + surprises + missing
    if surprises:
        verdict = CellVerdict.PARTLY if passed or tally[CaseVerdict.PASSED_UNEXPECTEDLY] else CellVerdict.FAILS
        return _say(verdict, _surprises(tally, surprises), f"{_cases(surprises)} of {total} ended otherwise than expected")
    if missing:
        return _say(CellVerdict.NOT_RUN, f"{good}/{total}" if good else "–", f"{good} of {_cases(total)} ran")
    if not passed and good:
        return _say(CellVerdict.FAILS, f"{good} known", f"{_cases(good)} failed as declared, none passed")
    if known_failures:
        ways = "right way fails" if known_failures == 1 else "right ways fail"
        return _say(CellVerdict.PARTLY, f"{known_failures} known", f"{known_failures} {ways} as declared, the others work")
    if passed:
        declared = good - passed
        wrong = f", {declared} wrong {'way fails' if declared == 1 else 'ways fail'} as declared" if declared else ""
        return _say(CellVerdict.WORKS, f"{good}/{total}", f"{_cases(passed)} passed{wrong}")
    if tally[CaseVerdict.SKIPPED] or tally[CaseVerdict.NOT_APPLICABLE]:
        return _say(CellVerdict.NOT_RUN, "n/a", "no case applies")
    return _say(CellVerdict.NOT_RUN, "–", "no case is for it")


def _surprises(tally: Counter[CaseVerdict], surprises: int) -> str:
    """Return the label of a cell with surprises: `crash` or `timeout` if all are that and nothing passed, else their number."""
    for verdict, label in ((CaseVerdict.CRASHED, "crash"), (CaseVerdict.TIMED_OUT, "timeout")):
        if tally[verdict] == surprises and not tally[CaseVerdict.PASSED]:
            return label
    return f"{surprises}!"


def _broken(tally: Counter[CaseVerdict], label: str, words: str) -> CellJudgement:
    if passed := tally[CaseVerdict.PASSED]:
        return _say(CellVerdict.PARTLY, label, f"{words} outside any case, {_cases(passed)} passed")
    return _say(CellVerdict.FAILS, label, f"{words} outside any case")


def _unavailable(trouble: Trouble | None) -> CellJudgement:
    label, words = UNAVAILABLE[trouble]
    return _say(CellVerdict.UNAVAILABLE, label, words)


def _say(verdict: CellVerdict, label: str, words: str) -> CellJudgement:
    return CellJudgement(verdict=verdict, label=label, words=f"{verdict.value.replace('_', ' ')}: {words}")


def _cases(count: int) -> str:
    return f"{count} case" if count == 1 else f"{count} cases"
