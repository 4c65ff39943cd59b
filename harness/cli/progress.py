"""What a person sees while something goes on: a live display on a terminal, plain lines elsewhere.

`Display` is the only thing that draws; a run of the matrix and reproductions of reports are each told to it in their own words.
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

from harness.domain import Outcome, Status
from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord
from harness.run.watcher import Stage
from harness.studies.reported.model import Observed, Reproduction
from harness.studies.reported.terminal import STYLES
from harness.studies.reported.verdict import judge
from harness.studies.reported.wording import NAMES

COLOURS = {Status.COMPLETED: "green", Status.UNAVAILABLE: "bright_black"}
SILENT_SECONDS = 30.0
EVERY = 25


class Display(Protocol):
    """Where progress is drawn."""

    def start(self, total: int, done: int = 0) -> None:
        """There are so many in all, of which some are done."""

    def say(self, text: str, style: str = "") -> None:
        """A line that stays."""

    def log(self, text: str) -> None:
        """A line for logs, which have nothing that moves."""

    def busy(self, name: str, what: str) -> None:
        """Something that goes on beside others, until `over`."""

    def over(self, name: str) -> None: ...

    def note(self, how_far: str, details: str) -> None:
        """How it stands: `details` beside a bar; `how_far` where there is none, and nothing has been said for a while."""

    def advance(self, how_far: str = "") -> None:
        """One more is done."""

    def __enter__(self) -> Display: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class PlainLines:
    """Lines with the time, for logs and pipes."""

    def __init__(self) -> None:
        self._start = self._spoke = time.monotonic()
        self._total = self._done = 0

    def start(self, total: int, done: int = 0) -> None:
        self._total, self._done = total, done

    def say(self, text: str, style: str = "") -> None:  # noqa: ARG002  (part of Display)
        self._spoke = time.monotonic()
        sys.stderr.write(f"[{self._spoke - self._start:6.1f} s] {text}\n")
        sys.stderr.flush()

    def log(self, text: str) -> None:
        self.say(text)

    def busy(self, name: str, what: str) -> None: ...

    def over(self, name: str) -> None: ...

    def note(self, how_far: str, details: str) -> None:  # noqa: ARG002  (part of Display)
        if time.monotonic() - self._spoke > SILENT_SECONDS:
            self.say(how_far)

    def advance(self, how_far: str = "") -> None:
        self._done += 1
        if how_far and (self._done % EVERY == 0 or self._done == self._total):
            self.say(how_far)

    def __enter__(self) -> PlainLines:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Screen:
    """A bar over all, what is at work, how it stands."""

    def __init__(self, console: Console, unit: str) -> None:
        columns = (TextColumn(unit), BarColumn(bar_width=40), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task(unit, total=None)
        self._busy: dict[str, str] = {}
        self._details = ""
        self._console = console
        self._live = Live(get_renderable=self._draw, console=console, refresh_per_second=8, transient=True)

    def start(self, total: int, done: int = 0) -> None:
        self._bar.update(self._task, total=total, completed=done)

    def say(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style))  # no markup: messages hold brackets of pytest and TensorFlow

    def log(self, text: str) -> None: ...

    def busy(self, name: str, what: str) -> None:
        self._busy[name] = what

    def over(self, name: str) -> None:
        self._busy.pop(name, None)

    def note(self, how_far: str, details: str) -> None:  # noqa: ARG002  (part of Display)
        self._details = details

    def advance(self, how_far: str = "") -> None:  # noqa: ARG002  (part of Display)
        self._bar.advance(self._task)

    def _draw(self) -> RenderableType:
        busy = [Text(f"  {name}  {what}", style="dim", overflow="ellipsis", no_wrap=True) for name, what in self._busy.items()]
        return Group(self._bar, *busy[:8], Text(f"  {self._details}"))

    def __enter__(self) -> Screen:
        self._live.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.__exit__(kind, error, trace)


def display(unit: str, *, plain: bool) -> Display:
    """Return the live display where a person watches, plain lines elsewhere or when asked for. `unit`: what is counted."""
    console = Console(stderr=True)
    return Screen(console, unit) if console.is_terminal and not plain else PlainLines()


class RunProgress:
    """A run of the matrix, told to a display: environments, crashes, and how far it is."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._total = self._done = self._cases = 0
        self._outcomes: Counter[Outcome] = Counter()

    def planned(self, cells: int, environments: int, reused: int) -> None:
        self._total, self._done = cells, reused
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
            self._done += 1
            self._display.advance(self._how_far)

    @property
    def _how_far(self) -> str:
        return f"{self._done} of {self._total} cells, {self._cases} cases run"

    def __enter__(self) -> RunProgress:
        self._display.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._display.__exit__(kind, error, trace)


class ReproduceProgress:
    """Reproductions of reports, told to a display: a line for each that was run now."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._total = self._done = 0

    def planned(self, count: int) -> None:
        self._total = count
        self._display.start(count)

    def begun(self, reproduction: Reproduction) -> None:
        self._display.busy(reproduction.name, "running")

    def done(self, reproduction: Reproduction, observed: Observed, *, reused: bool) -> None:
        self._done += 1
        self._display.over(reproduction.name)
        self._display.advance()
        if not reused or self._done == self._total:
            verdict = judge(reproduction, observed)
            words = f": {observed.message.splitlines()[-1][:150]}" if observed.message else ""
            how_far = f"{self._done} of {self._total}"
            text = f"{how_far}  {reproduction.name}: {NAMES[verdict].lower()} ({observed.end.value}{words})"
            self._display.say(text, STYLES[verdict])

    def __enter__(self) -> ReproduceProgress:
        self._display.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._display.__exit__(kind, error, trace)
