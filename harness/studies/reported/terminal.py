"""The table of reports as a person at a terminal sees it."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Column
from rich.table import Table as RichTable
from rich.text import Text

from harness.studies.reported.verdict import ReportVerdict
from harness.studies.reported.view import ReportsTable, Tally
from harness.studies.reported.wording import NAMES, SYMBOLS, category_name, outcome, tensorflow_versions

PIPE_WIDTH = 220
"""Where nobody says how wide the output is: as wide as the table, so that no line is cut."""
WIDTHS = (("", 16), ("report", 29), ("as reported", 20), ("here", 8), ("outcome", 10))
STYLES = {
    ReportVerdict.REPRODUCED: "green",
    ReportVerdict.ELSEWHERE: "magenta",
    ReportVerdict.DIFFERENT: "yellow",
    ReportVerdict.NOT_REPRODUCED: "red",
    ReportVerdict.UNAVAILABLE: "bright_black",
    ReportVerdict.NOT_RUN: "bright_black",
    ReportVerdict.CANNOT: "bright_black",
}


def render(table: ReportsTable) -> RenderableType:
    """Return the table and its counts."""
    columns = (Column(name, no_wrap=True, min_width=width) for name, width in WIDTHS)
    lines = RichTable(*columns, box=None, pad_edge=False)
    for report in table.reported:
        environments = "; ".join(tensorflow_versions(reproduction) for reproduction in report.reproductions)
        verdict = Text(f"{SYMBOLS[report.verdict]} {NAMES[report.verdict]}", style=STYLES[report.verdict])
        texts = (report.id, report.versions[:40], environments, outcome(report)[:110])
        lines.add_row(verdict, *map(Text, texts))
    return Group(lines, _counts(table.tallies))


def _counts(tallies: tuple[Tally, ...]) -> RichTable:
    names = ("category", "reports", "can be run", *(NAMES[verdict].lower() for verdict in ReportVerdict))
    counts = RichTable(*(Column(name, no_wrap=True) for name in names), box=None, pad_edge=False)
    for tally in tallies:
        name = category_name(tally.category) if tally.category else "all"
        counts.add_row(name, str(tally.total), str(tally.runnable), *(str(tally.of(verdict) or "") for verdict in ReportVerdict))
    return counts
