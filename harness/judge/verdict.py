"""What a cell amounts to, for a reader: pure rules from a status and the outcomes of its cases.

    status                                outcomes                             verdict      label
    unavailable                           any                                  unavailable  what this machine lacks
    lock, install or import failed        any                                  fails        lock, install, import
    crashed, timed out                    none passed                          fails        crash, timeout
    crashed, timed out                    some passed                          partly       crash, timeout
    completed                             none bad, none missing, some passed  works        11/11, or 9+2x (2 as declared)
    completed                             none passed, some xfailed            fails        2x
    completed                             none passed, some bad                fails        0/11, crash, timeout
    completed                             some passed, some bad                partly       3/11
    completed                             some xpassed                         partly       xpass
    completed                             none bad, some missing               not_run      4/11
    completed                             none but skipped, or none at all     not_run      skipped, –

Bad: failed, error, crashed, timed_out, xpassed. Skipped cases are not counted. A cell in which nothing passed never works,
even where every failure was declared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from typing_extensions import assert_never

from harness.domain import Outcome, Status, Trouble


class Verdict(str, Enum):
    """A cell, or several taken together. `unavailable` and `not_run` say nothing about the software."""

    WORKS = "works"
    PARTLY = "partly"
    FAILS = "fails"
    UNAVAILABLE = "unavailable"
    NOT_RUN = "not_run"


MEASURED = frozenset({Verdict.WORKS, Verdict.PARTLY, Verdict.FAILS})
BAD = frozenset({Outcome.FAILED, Outcome.ERROR, Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.XPASSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict, its label of at most nine characters, and one phrase that says it in words."""

    verdict: Verdict
    label: str
    words: str


def judge(status: Status, trouble: Trouble | None, outcomes: Iterable[Outcome]) -> Judgement:
    """The verdict on one cell."""
    tally = Counter(outcomes)
    match status:
        case Status.COMPLETED:
            return _completed(tally)
        case Status.UNAVAILABLE:
            return _unavailable(trouble)
        case Status.LOCK_FAILED:
            return _say(Verdict.FAILS, "lock", "no set of packages satisfies the request")
        case Status.INSTALL_FAILED:
            return _say(Verdict.FAILS, "install", "a package can't be installed")
        case Status.IMPORT_FAILED:
            return _say(Verdict.FAILS, "import", "import raises")
        case Status.CRASHED:
            return _broken(tally, "crash", "the process crashed")
        case Status.TIMED_OUT:
            return _broken(tally, "timeout", "the process timed out")
        case _:
            assert_never(status)


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """Several cells as one. `works` is claimed only where every one was measured and works."""
    found = frozenset(verdicts)
    measured = found & MEASURED
    if measured == {Verdict.FAILS}:
        return Verdict.FAILS
    if measured - {Verdict.WORKS}:
        return Verdict.PARTLY
    if Verdict.UNAVAILABLE in found:
        return Verdict.UNAVAILABLE
    if Verdict.NOT_RUN in found or not found:
        return Verdict.NOT_RUN
    return Verdict.WORKS


def _completed(tally: Counter[Outcome]) -> Judgement:
    bad = sum(tally[outcome] for outcome in BAD)
    passed, declared, missing = tally[Outcome.PASSED], tally[Outcome.XFAILED], tally[Outcome.NOT_RUN]
    total = passed + declared + missing + bad
    if tally[Outcome.XPASSED]:
        others = bad - tally[Outcome.XPASSED]
        failed = f", {others} failed" if others else ""
        return _say(Verdict.PARTLY, "xpass", f"{_cases(tally[Outcome.XPASSED])} passed though declared to fail{failed}")
    if bad and passed:
        return _say(Verdict.PARTLY, f"{passed}/{total}", f"{passed} of {_cases(total)} passed")
    if bad:
        return _say(Verdict.FAILS, _only(tally, total), f"none of {_cases(total)} passed")
    if missing:
        ran = passed + declared
        return _say(Verdict.NOT_RUN, f"{ran}/{total}" if ran else "–", f"{ran} of {_cases(total)} ran")
    if passed:
        known = f", {declared} failed as declared" if declared else ""
        label = f"{passed}+{declared}x" if declared else f"{passed}/{total}"
        return _say(Verdict.WORKS, label, f"{passed} of {_cases(total)} passed{known}")
    if declared:
        return _say(Verdict.FAILS, f"{declared}x", f"{_cases(declared)} failed as declared, none passed")
    if tally[Outcome.SKIPPED]:
        return _say(Verdict.NOT_RUN, "skipped", "every case was skipped")
    return _say(Verdict.NOT_RUN, "–", "no case is for it")


def _broken(tally: Counter[Outcome], label: str, words: str) -> Judgement:
    if passed := tally[Outcome.PASSED]:
        return _say(Verdict.PARTLY, label, f"{words} outside any case, {_cases(passed)} passed")
    return _say(Verdict.FAILS, label, f"{words} outside any case")


def _unavailable(trouble: Trouble | None) -> Judgement:
    match trouble:
        case Trouble.INTERPRETER:
            label, words = "python", "no such interpreter here"
        case Trouble.NETWORK:
            label, words = "network", "no network here"
        case Trouble.DEVICE:
            label, words = "device", "no such device here"
        case Trouble.MEMORY:
            label, words = "memory", "out of memory here"
        case Trouble.DISK:
            label, words = "disk", "out of disk here"
        case Trouble.TOOLCHAIN:
            label, words = "pytest", "pytest can't be had beside these packages"
        case Trouble.MODEL:
            label, words = "model", "the model can't be had"
        case Trouble.KILLED:
            label, words = "killed", "ended from outside"
        case None:
            label, words = "machine", "trouble of this machine"
        case _:
            assert_never(trouble)
    return _say(Verdict.UNAVAILABLE, label, words)


def _only(tally: Counter[Outcome], total: int) -> str:
    if tally[Outcome.CRASHED]:
        return "crash"
    return "timeout" if tally[Outcome.TIMED_OUT] == total else f"0/{total}"


def _say(verdict: Verdict, label: str, words: str) -> Judgement:
    return Judgement(verdict=verdict, label=label, words=f"{verdict.value.replace('_', ' ')}: {words}")


def _cases(count: int) -> str:
    return f"{count} case" if count == 1 else f"{count} cases"
