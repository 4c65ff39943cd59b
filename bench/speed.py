"""`speed`: the same cells through several tools, side by side, and the distance to the limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import limit, subject, tools
from bench.commands import tell
from bench.limit import Limit
from bench.tools import CLASSES, Phase, Tool, ToolName
from harness.run.machine import cores


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One execution of a tool."""

    tool: ToolName
    cells: int
    phase: Phase
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """All executions, in the order they were made. `cells` are those of one environment."""

    tensorflow: tuple[str, ...]
    timings: tuple[Timing, ...]
    limits: tuple[Limit, ...]

    def seconds(self, tool: ToolName, cells: int, phase: Phase) -> float | None:
        """Return the median; None if the tool did not take part. For most tools rebuilt is the same as fresh."""
        if phase not in CLASSES[tool].phases:
            phase = Phase.FRESH
        matching = [timing.seconds for timing in self.timings if (timing.tool, timing.cells, timing.phase) == (tool, cells, phase)]
        return median(matching) if matching else None

    def limit(self, cells: int) -> float:
        return median(limit.seconds(cells) for limit in self.limits)


def measure(base: Path, versions: Sequence[str], counts: Sequence[int], names: Sequence[ToolName], repeat: int) -> Speed:
    """Prepare without the clock, then run every tool in turn; the one that starts changes with each repetition."""
    common = subject.make(base, versions, max(counts))
    if ToolName.NOX in names:
        tools.fill_pip_cache(common)
    projects = {(name, cells): tools.make(name, common, cells) for name in names for cells in counts}
    limit.warm(common)
    limits: list[Limit] = []
    timings: list[Timing] = []
    for turn in range(repeat):
        limits.append(limit.measure(common, max(counts)))
        first = turn % len(names)
        for cells in counts:
            for name in [*names[first:], *names[:first]]:
                timings += _phases(name, projects[name, cells])
    return Speed(
        tensorflow=tuple(environment.tensorflow for environment in common.environments),
        timings=tuple(timings),
        limits=tuple(limits),
    )


def _phases(name: ToolName, tool: Tool) -> Iterator[Timing]:
    for phase in tool.phases:
        tell(f"{name.value}, {tool.cells} cells an environment, {phase.value} ...")
        seconds = tool.run(phase)
        tell(f"{name.value}, {tool.cells} cells an environment, {phase.value}: {seconds:.1f} s")
        yield Timing(tool=name, cells=tool.cells, phase=phase, seconds=seconds)
    tool.forget()


def as_json(speed: Speed) -> dict[str, Any]:
    """Return format 1, in seconds: `limits` has a list for each repetition, [clock, processor] for each import and body."""
    return {
        "format": 1,
        "benchmark": "speed",
        "cores": cores(),
        "tensorflow": list(speed.tensorflow),
        "timings": [
            {"tool": timing.tool.value, "cells": timing.cells, "phase": timing.phase.value, "seconds": round(timing.seconds, 3)}
            for timing in speed.timings
        ],
        "limits": [
            [{"tensorflow": bare.tensorflow, "import": bare.imported, "bodies": bare.bodies} for bare in limit.environments]
            for limit in speed.limits
        ],
    }


def as_text(speed: Speed) -> str:
    """Explain environment and cell under each tool, then give a row for each number of cells, phase and tool."""
    lines = [*(tools.__doc__ or "").strip().splitlines(), ""]
    lines += [f"limit: one import an environment and the bare bodies in one process, divided by {cores()} cores", ""]
    lines.append(f"{'cells':<20}{'venvs':<8}{'tool':<12}{'seconds':>9}{'x hubmatrix':>13}{'x limit':>9}")
    counts = dict.fromkeys(timing.cells for timing in speed.timings)
    for cells in counts:
        total = f"{len(speed.tensorflow)} x {cells} = {len(speed.tensorflow) * cells}"
        for phase in Phase:
            lines += [f"{total:<20}{phase.value:<8}{row}" for row in _rows(speed, cells, phase)]
        lines.append(f"{total:<20}{'':<8}{'(limit)':<12}{speed.limit(cells):>9.1f}")
    return "\n".join(lines)


def _rows(speed: Speed, cells: int, phase: Phase) -> Iterator[str]:
    ours = speed.seconds(ToolName.HUBMATRIX, cells, phase)
    for name in ToolName:
        seconds = speed.seconds(name, cells, phase)
        if seconds is not None:
            ratio = f"{seconds / ours:.1f}" if ours else "-"
            yield f"{name.value:<12}{seconds:>9.1f}{ratio:>13}{seconds / speed.limit(cells):>9.2f}"
