"""The verdict on a reproduction, and on a report with several."""

from __future__ import annotations

import re
from typing import Any

import pytest

from harness.domain import Trouble
from harness.studies.reported.model import (
    Category,
    End,
    Expectation,
    Obstacle,
    Reproduction,
    ReproductionOutcome,
    Step,
    UserReport,
    Versions,
)
from harness.studies.reported.verdict import ReportVerdict, conclude, judge

STEP = Step(
    release=None,
    hub="",
    packages=(),
    overrides=(),
    day=None,
    python="3.11",
    settings=(),
    models=(),
    script="x.py",
    seconds=1.0,
)
RAISES = Expectation(end=End.RAISED, kinds=("OSError", "KeyError"), says=re.compile("no (file|key)"))


def run(name: str = "r-1", versions: Versions = Versions.NEAREST, expected: Expectation = RAISES, steps: int = 1) -> Reproduction:
    return Reproduction(name=name, versions=versions, steps=(STEP,) * steps, expectation=expected)


def seen(end: End = End.RAISED, **values: Any) -> ReproductionOutcome:
    known = {"step": 0, "kinds": ("FileNotFoundError", "OSError", "Exception"), "message": "FileNotFoundError: no file"}
    return ReproductionOutcome(end=end, **(known | values))


@pytest.mark.parametrize(
    ("observed", "verdict"),
    [
        (None, ReportVerdict.NOT_RUN),
        (seen(), ReportVerdict.REPRODUCED),
        (seen(message="OSError: no disk"), ReportVerdict.DIFFERENT),
        (seen(kinds=("ValueError", "Exception")), ReportVerdict.DIFFERENT),
        (seen(End.FINISHED), ReportVerdict.NOT_REPRODUCED),
        (seen(End.CRASHED), ReportVerdict.DIFFERENT),
        (seen(End.HUNG), ReportVerdict.DIFFERENT),
        (seen(End.LOCK_FAILED, kinds=(), message="no file"), ReportVerdict.DIFFERENT),
        (seen(End.UNAVAILABLE, trouble=Trouble.NETWORK), ReportVerdict.UNAVAILABLE),
    ],
)
def test_judge(observed: ReproductionOutcome | None, verdict: ReportVerdict) -> None:
    assert judge(run(), observed) is verdict


def test_a_failure_in_an_earlier_step_is_another() -> None:
    assert judge(run(steps=2), seen(step=0)) is ReportVerdict.DIFFERENT
    assert judge(run(steps=2), seen(step=1)) is ReportVerdict.REPRODUCED


def test_silent_failures_are_told_by_what_is_printed() -> None:
    silent = run(expected=Expectation(end=End.FINISHED, prints=re.compile("weights: 0$")))
    assert judge(silent, seen(End.FINISHED, output="weights: 0")) is ReportVerdict.REPRODUCED
    assert judge(silent, seen(End.FINISHED, output="weights: 20")) is ReportVerdict.NOT_REPRODUCED


@pytest.mark.parametrize("end", [End.HUNG, End.LOCK_FAILED])
def test_other_ends(end: End) -> None:
    assert judge(run(expected=Expectation(end=end)), seen(end)) is ReportVerdict.REPRODUCED


def report(*runs: Reproduction, cannot: Obstacle | None = None) -> UserReport:
    texts = {"source": "o/r#1", "title": "t", "versions": "v", "words": "w"}
    return UserReport(id="r", category=Category.IMPORT, reproductions=runs, cannot=cannot, **texts)


def test_the_best_reproduction_counts() -> None:
    both = report(run("r-1"), run("r-2"))
    assert conclude(both, {"r-1": seen(End.FINISHED), "r-2": seen()}) is ReportVerdict.REPRODUCED
    assert conclude(both, {"r-1": seen(End.FINISHED), "r-2": seen(message="x")}) is ReportVerdict.DIFFERENT
    assert conclude(both, {"r-1": seen(End.FINISHED)}) is ReportVerdict.NOT_REPRODUCED


def test_what_happens_with_other_versions_happens_elsewhere() -> None:
    both = report(run("r-1"), run("r-2", Versions.OTHER))
    assert conclude(both, {"r-1": seen(End.FINISHED), "r-2": seen()}) is ReportVerdict.ELSEWHERE
    assert conclude(both, {"r-1": seen(End.FINISHED), "r-2": seen(message="x")}) is ReportVerdict.NOT_REPRODUCED
    assert conclude(both, {"r-1": seen(), "r-2": seen()}) is ReportVerdict.REPRODUCED


def test_a_report_that_can_not_be_run() -> None:
    assert conclude(report(cannot=Obstacle.TPU), {}) is ReportVerdict.CANNOT
