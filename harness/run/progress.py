"""What a person sees while a run goes on: a live display on a terminal, plain lines elsewhere."""

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

COLOURS = {Status.COMPLETED: "green", Status.UNAVAILABLE: "bright_black"}
SILENT_SECONDS = 30.0


class Watcher(Protocol):
    """Told of everything as it happens. Must not raise."""

    def planned(self, cells: int, environments: int, reused: int) -> None: ...
    def stage(self, environment: str, what: str) -> None: ...
    def environment(self, record: EnvironmentRecord) -> None: ...
    def case(self, record: CaseRecord) -> None: ...
    def cell(self, record: CellRecord) -> None: ...
    def __enter__(self) -> Watcher: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Lines:
    """Plain lines, for logs and pipes: what an environment is at, and while nothing else is to be said, how far the run is."""

    def __init__(self) -> None:
        self._start = self._said = time.monotonic()
        self._total = 0
        self._done = 0
        self._cases = 0

    def planned(self, cells: int, environments: int, reused: int) -> None:
        self._total, self._done = cells, reused
        self._say(f"{cells} cells in {environments} environments, {reused} known already")

    def stage(self, environment: str, what: str) -> None:
        if what != "locked":
            self._say(f"{environment}: {what}")

    def environment(self, record: EnvironmentRecord) -> None:
        if record.status is not Status.COMPLETED and not record.reused:
            self._say(f"{record.id}: {_status(record)}: {record.message}")

    def case(self, record: CaseRecord) -> None:
        self._cases += not record.reused
        if record.outcome in (Outcome.CRASHED, Outcome.TIMED_OUT):
            self._say(f"{record.cell}: {record.case}: {record.outcome.value}: {record.message}")
        elif time.monotonic() - self._said > SILENT_SECONDS:
            self._say_how_far()

    def cell(self, record: CellRecord) -> None:
        if record.reused:
            return
        self._done += 1
        if self._done % 25 == 0 or self._done == self._total:
            self._say_how_far()

    def _say_how_far(self) -> None:
        self._say(f"{self._done} of {self._total} cells, {self._cases} cases run")

    def _say(self, text: str) -> None:
        self._said = time.monotonic()
        sys.stderr.write(f"[{self._said - self._start:6.1f} s] {text}\n")
        sys.stderr.flush()

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


class Screen:
    """A bar over all cells, the environments at work, the outcomes so far."""

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            TextColumn("cells"), BarColumn(bar_width=40), MofNCompleteColumn(), TimeElapsedColumn(), console=console, transient=True
        )
        self._task = self._bar.add_task("cells", total=None)
        self._stages: dict[str, str] = {}
        self._outcomes: Counter[Outcome] = Counter()
        self._console = console
        self._live = Live(get_renderable=self._draw, console=console, refresh_per_second=8, transient=True)

    def planned(self, cells: int, environments: int, reused: int) -> None:
        self._bar.update(self._task, total=cells)
        self._console.print(f"{cells} cells in {environments} environments, {reused} known already")

    def stage(self, environment: str, what: str) -> None:
        if what in ("done", "locked"):
            self._stages.pop(environment, None)
        else:
            self._stages[environment] = what

    def environment(self, record: EnvironmentRecord) -> None:
        if record.status is not Status.COMPLETED and not record.reused:
            self._stages.pop(record.id, None)
            style = COLOURS.get(record.status, "red")
            self._console.print(Text.assemble((f"{_status(record)} ", style), f"{record.id}: {record.message}"))

    def case(self, record: CaseRecord) -> None:
        self._outcomes[record.outcome] += 1

    def cell(self, record: CellRecord) -> None:  # noqa: ARG002  (part of Watcher)
        self._bar.advance(self._task)

    def _draw(self) -> RenderableType:
        stages = [Text(f"  {name}  {what}", style="dim", overflow="ellipsis", no_wrap=True) for name, what in self._stages.items()]
        told = ", ".join(f"{count} {outcome.value}" for outcome, count in sorted(self._outcomes.items()))
        return Group(self._bar, *stages[:8], Text(f"  {told}"))

    def __enter__(self) -> Screen:
        self._live.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.__exit__(kind, error, trace)


def watcher(*, plain: bool) -> Watcher:
    """The live display where a person watches, plain lines elsewhere or when asked for."""
    console = Console(stderr=True)
    return Screen(console) if console.is_terminal and not plain else Lines()


def _status(record: EnvironmentRecord) -> str:
    return f"{record.status.value} ({record.trouble.value})" if record.trouble else record.status.value
