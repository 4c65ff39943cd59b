"""What a person at a terminal sees: progress while reports are run, then the table."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.table import Table as RichTable
from rich.text import Text

from harness.studies.reported.engine import Watcher
from harness.studies.reported.model import Observed, Reproduction
from harness.studies.reported.verdict import Verdict, judge
from harness.studies.reported.view import Table, Tally
from harness.studies.reported.wording import NAMES, SYMBOLS, category, environment, outcome

PIPE_WIDTH = 220
WIDTHS = (("", 16), ("report", 29), ("as reported", 20), ("here", 8), ("outcome", 10))
STYLES = {
    Verdict.REPRODUCED: "green",
    Verdict.ELSEWHERE: "magenta",
    Verdict.DIFFERENT: "yellow",
    Verdict.NOT_REPRODUCED: "red",
    Verdict.UNAVAILABLE: "bright_black",
    Verdict.NOT_RUN: "bright_black",
    Verdict.CANNOT: "bright_black",
}


class Lines:
    """One plain line a reproduction."""

    def __init__(self) -> None:
        self._start, self._total, self._done = time.monotonic(), 0, 0

    def planned(self, count: int) -> None:
        self._total = count

    def begun(self, reproduction: Reproduction) -> None:
        del reproduction

    def done(self, reproduction: Reproduction, observed: Observed, *, reused: bool) -> None:
        self._done += 1
        if not reused or self._done == self._total:
            verdict = NAMES[judge(reproduction, observed)].lower()
            said = f": {observed.message.splitlines()[-1][:150]}" if observed.message else ""
            text = f"{self._done} of {self._total}  {reproduction.name}: {verdict} ({observed.end.value}{said})"
            sys.stderr.write(f"[{time.monotonic() - self._start:6.1f} s] {text}\n")
            sys.stderr.flush()


class Screen:
    """A bar, and a line for each reproduction that was run now."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True)
        self._task = self._progress.add_task("reports", total=None)

    def planned(self, count: int) -> None:
        self._progress.start()
        self._progress.update(self._task, total=count)

    def begun(self, reproduction: Reproduction) -> None:
        self._progress.update(self._task, description=reproduction.name)

    def done(self, reproduction: Reproduction, observed: Observed, *, reused: bool) -> None:
        self._progress.advance(self._task)
        if not reused:
            verdict = judge(reproduction, observed)
            self._progress.console.print(
                Text.assemble((f"{SYMBOLS[verdict]} {NAMES[verdict]} ", STYLES[verdict]), reproduction.name)
            )
        if self._progress.finished:
            self._progress.stop()


def watcher(*, plain: bool) -> Watcher:
    """The bar where a person watches, plain lines elsewhere or when asked for."""
    console = Console(stderr=True)
    return Screen(console) if console.is_terminal and not plain else Lines()


def show(shown: Table) -> None:
    """The table and its counts, on standard output."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    columns = (Column(name, no_wrap=True, min_width=width) for name, width in WIDTHS)
    lines = RichTable(*columns, box=None, pad_edge=False)
    for one in shown.reported:
        style = STYLES[one.verdict]
        here = "; ".join(environment(run) for run in one.reproductions)
        cells = (f"{SYMBOLS[one.verdict]} {NAMES[one.verdict]}", one.id, one.versions[:40], here, outcome(one)[:110])
        lines.add_row(Text(cells[0], style=style), *(Text(cell) for cell in cells[1:]))
    console.print(lines)
    console.print(_counts(shown.tallies))


def _counts(tallies: tuple[Tally, ...]) -> RichTable:
    names = ("category", "reports", "can be run", *(NAMES[verdict].lower() for verdict in Verdict))
    counts = RichTable(*(Column(name, no_wrap=True) for name in names), box=None, pad_edge=False)
    for tally in tallies:
        name = category(tally.category) if tally.category else "all"
        counts.add_row(name, str(tally.total), str(tally.runnable), *(str(tally.of(verdict) or "") for verdict in Verdict))
    return counts
