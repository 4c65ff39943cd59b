"""The verdict on a reproduction, and on a report: pure rules.

    expected        observed        verdict
    raised X "w"    raised X "w"    reproduced
    raised X "w"    raised Y "v"    different
    raised X "w"    ran through     not reproduced
    anything        machine's fault unavailable

A report with several reproductions takes the best verdict of those with the versions reported, the nearest, or (if it names
none) chosen ones. If none of them shows the failure and one with other versions does, it happens elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from harness.studies.reported.model import End, Expectation, Reproduction, ReproductionOutcome, UserReport, Versions


class ReportVerdict(str, Enum):
    """Best first: a report takes the first that one of its reproductions has."""

    REPRODUCED = "reproduced"
    ELSEWHERE = "elsewhere"
    DIFFERENT = "different"
    NOT_REPRODUCED = "not_reproduced"
    UNAVAILABLE = "unavailable"
    NOT_RUN = "not_run"
    CANNOT = "cannot"


def judge(reproduction: Reproduction, observed: ReproductionOutcome | None) -> ReportVerdict:
    """Return the verdict on one reproduction; `observed` is None if it did not run."""
    if observed is None:
        return ReportVerdict.NOT_RUN
    if observed.end is End.UNAVAILABLE:
        return ReportVerdict.UNAVAILABLE
    # A failure before the last step is never the reported one, whatever it says.
    if observed.step != len(reproduction.steps) - 1:
        return ReportVerdict.DIFFERENT
    if matches(reproduction.expectation, observed):
        return ReportVerdict.REPRODUCED
    return ReportVerdict.NOT_REPRODUCED if observed.end is End.FINISHED else ReportVerdict.DIFFERENT


def matches(expected: Expectation, observed: ReproductionOutcome) -> bool:
    """Tell if an observation matches the failure as reported, in every part that the report states."""
    return (
        expected.end is observed.end
        and (not expected.kinds or bool(set(expected.kinds) & set(observed.kinds)))
        and (expected.says is None or expected.says.search(observed.message) is not None)
        and (expected.prints is None or expected.prints.search(observed.output) is not None)
    )


def conclude(report: UserReport, observed: Mapping[str, ReproductionOutcome]) -> ReportVerdict:
    """Return the verdict on a whole report; `observed` is by the name of the reproduction."""
    if report.cannot is not None:
        return ReportVerdict.CANNOT
    verdicts = {
        _counted(reproduction.versions, judge(reproduction, observed.get(reproduction.name)), alone=len(report.reproductions) == 1)
        for reproduction in report.reproductions
    }
    return next(verdict for verdict in ReportVerdict if verdict in verdicts)


def _counted(versions: Versions, verdict: ReportVerdict, *, alone: bool) -> ReportVerdict:
    """Return the verdict that a reproduction contributes to its report.

    A failure with other versions than reported happens elsewhere; that there is none with them says nothing about the report.
    """
    if versions is not Versions.OTHER:
        return verdict
    if verdict is ReportVerdict.REPRODUCED:
        return ReportVerdict.ELSEWHERE
    return verdict if alone else ReportVerdict.NOT_RUN
