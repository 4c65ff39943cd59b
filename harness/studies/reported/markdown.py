"""The table as Markdown: counts first, then one line a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.report.markdown import code
from harness.studies.reported.verdict import ReportVerdict
from harness.studies.reported.view import ReportsTable, Tally, UserReportView
from harness.studies.reported.wording import NAMES, SYMBOLS, category_name, outcome, tensorflow_versions

WIDTH = 160


def render(table: ReportsTable) -> str:
    """Return the table as one Markdown document."""
    return "\n".join(_lines(table)) + "\n"


def _lines(table: ReportsTable) -> Iterator[str]:
    yield from ("# What users reported, run again", "")
    yield from _table(
        ("category", "reports", "can be run", *(NAMES[verdict].lower() for verdict in ReportVerdict)), map(_tally, table.tallies)
    )
    yield from _table(("report", "", "as reported", "here", "outcome"), map(_line, table.reported))


def _tally(tally: Tally) -> tuple[str, ...]:
    name = category_name(tally.category) if tally.category else "all"
    return (name, str(tally.total), str(tally.runnable), *(str(tally.of(verdict) or "") for verdict in ReportVerdict))


def _line(report: UserReportView) -> tuple[str, ...]:
    title = f"[{report.source}]({report.link}) {code(_short(report.title))}"
    verdict = f"{SYMBOLS[report.verdict]} {NAMES[report.verdict].lower()}"
    environments = "; ".join(tensorflow_versions(reproduction) for reproduction in report.reproductions)
    return title, verdict, code(report.versions), code(environments), code(_short(outcome(report)))


def _short(text: str) -> str:
    return f"{text[:WIDTH]}…" if len(text) > WIDTH else text


def _table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = tuple(names)
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
