"""Progress for people: a live display on a terminal, plain lines elsewhere.

`Display` alone draws; a run of the matrix and reproductions of reports each have a class that words their events for it.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from types import TracebackType
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from harness.cli.console import PlainConsole
from harness.domain import Outcome, Status
from harness.report.text import plain
from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord
from harness.run.watcher import Stage
from harness.studies.reported.model import Reproduction, ReproductionOutcome
from harness.studies.reported.terminal import STYLES
from harness.studies.reported.verdict import judge
from harness.studies.reported.wording import NAMES

COLOURS = {Status.COMPLETED: "green", Status.UNAVAILABLE: "bright_black"}
SILENT_SECONDS = 30.0
"""After so long without a line, a log says how far the run is: a case may take minutes."""
CELLS_A_LINE = 25


class Display(Protocol):
    """A display of progress."""

    def start(self, total: int, completed: int = 0) -> None:
        """Begin to count up to `total`, from those that are completed already."""

    def say(self, text: str, style: str = "") -> None:
        """Print a line that stays."""

    def log(self, text: str) -> None:
        """Print a line in a log only: a live display shows the same by `busy`."""

    def busy(self, name: str, activity: str) -> None:
        """Show an activity beside others, until `over` is called with its name."""

    def over(self, name: str) -> None: ...

    def note(self, how_far: str, details: str) -> None:
        """Show the state: `details` below a bar; in a log `how_far`, if it has been silent for a while."""

    def advance(self, how_far: str = "") -> None:
        """Count one more as completed."""

    def __enter__(self) -> Display: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class PlainLines:
    """Lines with the time, for logs and pipes."""

    def __init__(self) -> None:
        self._start = self._spoke = time.monotonic()
        self._total = self._completed = 0

    def start(self, total: int, completed: int = 0) -> None:
        self._total, self._completed = total, completed

    def say(self, text: str, style: str = "") -> None:  # noqa: ARG002  (part of Display)
        self._spoke = time.monotonic()
        sys.stderr.write(f"[{self._spoke - self._start:6.1f} s] {plain(text)}\n")
        sys.stderr.flush()

    def log(self, text: str) -> None:
        self.say(text)

    def busy(self, name: str, activity: str) -> None: ...

    def over(self, name: str) -> None: ...

    def note(self, how_far: str, details: str) -> None:  # noqa: ARG002  (part of Display)
        if time.monotonic() - self._spoke > SILENT_SECONDS:
            self.say(how_far)

    def advance(self, how_far: str = "") -> None:
        self._completed += 1
        if how_far and (self._completed % CELLS_A_LINE == 0 or self._completed == self._total):
            self.say(how_far)

    def __enter__(self) -> PlainLines:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Screen:
    """A live display: a bar over everything, the activities of the moment, and the details of the last note."""

    def __init__(self, console: Console, unit: str) -> None:
        columns = (TextColumn(unit), BarColumn(bar_width=40), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task(unit, total=None)
        self._busy: dict[str, str] = {}
        self._details = ""
        self._console = console
        self._live = Live(get_renderable=self._draw, console=console, refresh_per_second=8, transient=True)

    def start(self, total: int, completed: int = 0) -> None:
        self._bar.update(self._task, total=total, completed=completed)

    def say(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style))  # no markup: messages hold brackets of pytest and TensorFlow

    def log(self, text: str) -> None: ...

    def busy(self, name: str, activity: str) -> None:
        self._busy[name] = activity

    def over(self, name: str) -> None:
        self._busy.pop(name, None)

    def note(self, how_far: str, details: str) -> None:  # noqa: ARG002  (part of Display)
        self._details = details

    def advance(self, how_far: str = "") -> None:  # noqa: ARG002  (part of Display)
        self._bar.advance(self._task)

    def _draw(self) -> RenderableType:
        busy = [
            Text(f"  {name}  {activity}", style="dim", overflow="ellipsis", no_wrap=True) for name, activity in self._busy.items()
        ]
        return Group(self._bar, *busy[:8], Text(f"  {self._details}"))

    def __enter__(self) -> Screen:
        self._live.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.__exit__(kind, error, trace)


def display(unit: str, *, plain: bool) -> Display:
    """Return the live display on a terminal, plain lines elsewhere or if `plain`. `unit` names what is counted."""
    console = PlainConsole(stderr=True)
    return Screen(console, unit) if console.is_terminal and not plain else PlainLines()


class RunProgress:
    """The events of a run on a display: environments, crashes, and how far the run is."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._total = self._completed = self._cases = 0
        self._outcomes: Counter[Outcome] = Counter()

    def planned(self, cells: int, environments: int, reused: int) -> None:
        self._total, self._completed = cells, reused
        self._display.start(cells, reused)
        self._display.say(f"{cells} cells in {environments} environments, {reused} known already")

    def stage(self, environment: str, stage: Stage) -> None:
        if stage is not Stage.LOCKED:
            self._display.log(f"{environment}: {stage.value}")
        if stage in (Stage.LOCKED, Stage.CLOSED):
            self._display.over(environment)
        else:
            self._display.busy(environment, stage.value)

    def environment(self, record: EnvironmentRecord) -> None:
        if record.status is not Status.COMPLETED and not record.reused:
            self._display.over(record.id)
            status = f"{record.status.value} ({record.trouble.value})" if record.trouble else record.status.value
            self._display.say(f"{record.id}: {status}: {record.message}", COLOURS.get(record.status, "red"))

    def case(self, record: CaseRecord) -> None:
        self._cases += not record.reused
        self._outcomes[record.outcome] += 1
        if record.outcome in (Outcome.CRASHED, Outcome.TIMED_OUT):
            self._display.say(f"{record.cell}: {record.case}: {record.outcome.value}: {record.message}")
        details = ", ".join(f"{count} {outcome.value}" for outcome, count in sorted(self._outcomes.items()))
        self._display.note(self._how_far, details)

    def cell(self, record: CellRecord) -> None:
        if not record.reused:
            self._completed += 1
            self._display.advance(self._how_far)

    @property
    def _how_far(self) -> str:
        return f"{self._completed} of {self._total} cells, {self._cases} cases run"

    def __enter__(self) -> RunProgress:
        self._display.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._display.__exit__(kind, error, trace)


class ReproduceProgress:
    """The events of reproductions on a display: a line for each that ran."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._total = self._completed = 0

    def planned(self, count: int) -> None:
        self._total = count
        self._display.start(count)

    def begun(self, reproduction: Reproduction) -> None:
        self._display.busy(reproduction.name, "running")

    def finished(self, reproduction: Reproduction, observed: ReproductionOutcome, *, reused: bool) -> None:
        self._completed += 1
        self._display.over(reproduction.name)
        self._display.advance()
        if not reused or self._completed == self._total:
            verdict = judge(reproduction, observed)
            words = f": {observed.message.splitlines()[-1][:150]}" if observed.message else ""
            how_far = f"{self._completed} of {self._total}"
            text = f"{how_far}  {reproduction.name}: {NAMES[verdict].lower()} ({observed.end.value}{words})"
            self._display.say(text, STYLES[verdict])

    def __enter__(self) -> ReproduceProgress:
        self._display.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._display.__exit__(kind, error, trace)
