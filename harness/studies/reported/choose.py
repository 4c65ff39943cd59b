"""The choice of reports by ids, and by a selector over facts of reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.base.errors import SelectionError
from harness.matrix.facts import Facts
from harness.matrix.selection import refuse_unknown
from harness.matrix.selector import Context, Selector, compile_selector
from harness.studies.reported.model import Category, Obstacle, UserReport
from harness.studies.reported.verdict import ReportVerdict


def compile_choice(text: str, reports: Sequence[UserReport]) -> Selector:
    """Compile the selector of `reproduce --select`. Raises SelectionError with every fault of its text."""
    versions = (
        step.release.version
        for report in reports
        for reproduction in report.reproductions
        for step in reproduction.steps
        if step.release
    )
    vocabulary = {
        "id": tuple(report.id for report in reports),
        "category": tuple(category.value for category in Category),
        "cannot": tuple(reason.value for reason in Obstacle),
        "verdict": tuple(verdict.value for verdict in ReportVerdict),
        "tensorflow": tuple(dict.fromkeys(versions)),
    }
    return compile_selector(text, Context.REPORTED, vocabulary)


def filter_reports(
    reports: Sequence[UserReport],
    ids: Sequence[str],
    selector: Selector,
    verdicts: Callable[[Sequence[UserReport]], Mapping[str, ReportVerdict]],
) -> tuple[UserReport, ...]:
    """Return the reports with these ids that match the selector, in the order of the list.

    Args:
        reported: the whole list.
        ids: the ids to choose from; none for all.
        selector: from `compile_choice`.
        verdicts: returns the verdict on each report by its id; called only if the selector names it, since it reads the journal.

    Raises:
        SelectionError: an unknown id, or nothing is selected.
    """
    refuse_unknown("", "report", ids, tuple(report.id for report in reports))
    candidates = tuple(report for report in reports if not ids or report.id in ids)
    verdicts_by_id = verdicts(candidates) if "verdict" in selector.names else {}
    matching = tuple(report for report in candidates if any(map(selector, _facts(report, verdicts_by_id.get(report.id)))))
    if not matching:
        option = "--select" if selector.text.strip() else ""
        raise SelectionError("nothing is selected", location=option, hint="drop the ids or the selector" if ids else "")
    return matching


def _facts(report: UserReport, verdict: ReportVerdict | None) -> Iterator[Facts]:
    """Yield the facts of a report for each TensorFlow that it is run with; once, without a version, if it is run with none."""
    values = {
        "id": report.id,
        "category": report.category.value,
        "cannot": report.cannot.value if report.cannot else None,
        "verdict": verdict.value if verdict else None,
    }
    steps = (step for reproduction in report.reproductions for step in reproduction.steps)
    for version in dict.fromkeys(step.release.version for step in steps if step.release) or (None,):
        yield Facts({**values, "tensorflow": version})
