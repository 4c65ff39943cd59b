"""Which reports a user means: ids, and a selector over facts of reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.base.errors import SelectionError
from harness.matrix.facts import Facts
from harness.matrix.selection import refuse_unknown
from harness.matrix.selector import Context, Selector, compile_selector
from harness.studies.reported.model import Category, Reported, Why
from harness.studies.reported.verdict import ReportVerdict


def compile_choice(text: str, reported: Sequence[Reported]) -> Selector:
    """Return the selector of `reproduce --select`. SelectionError for what is wrong with its text."""
    versions = (step.release.version for report in reported for run in report.reproductions for step in run.steps if step.release)
    vocabulary = {
        "id": tuple(report.id for report in reported),
        "category": tuple(category.value for category in Category),
        "cannot": tuple(reason.value for reason in Why),
        "verdict": tuple(verdict.value for verdict in ReportVerdict),
        "tensorflow": tuple(dict.fromkeys(versions)),
    }
    return compile_selector(text, Context.REPORTED, vocabulary)


def choose(
    reported: Sequence[Reported],
    ids: Sequence[str],
    selector: Selector,
    verdicts: Callable[[Sequence[Reported]], Mapping[str, ReportVerdict]],
) -> tuple[Reported, ...]:
    """Return the reports of these ids (none: all) that the selector means.

    Args:
        reported: the whole list.
        ids: what was named.
        selector: from `compile_choice`.
        verdicts: gives the verdict on each report by its id; called only if the selector asks for it, since it reads a journal.

    Raises:
        SelectionError: an id that no report has, or nothing is left.
    """
    refuse_unknown("", "report", ids, tuple(report.id for report in reported))
    named = tuple(report for report in reported if not ids or report.id in ids)
    known = verdicts(named) if "verdict" in selector.names else {}
    chosen = tuple(report for report in named if any(map(selector, _facts(report, known.get(report.id)))))
    if not chosen:
        place = "--select" if selector.text.strip() else ""
        raise SelectionError("nothing is selected", location=place, hint="drop the ids or the selector" if ids else "")
    return chosen


def _facts(report: Reported, verdict: ReportVerdict | None) -> Iterator[Facts]:
    """Give the facts of a report once for each TensorFlow that it is run with; once without where it is run with none."""
    values = {
        "id": report.id,
        "category": report.category.value,
        "cannot": report.cannot.value if report.cannot else None,
        "verdict": verdict.value if verdict else None,
    }
    steps = (step for run in report.reproductions for step in run.steps)
    for version in dict.fromkeys(step.release.version for step in steps if step.release) or (None,):
        yield Facts({**values, "tensorflow": version})
