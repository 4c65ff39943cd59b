"""`noop`: how long a run takes that has nothing to measure, the report included."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import subject
from bench.commands import ROOT, tell, timed
from bench.tools import hubmatrix

TARGET_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Noop:
    """One command, once for its work and then several times for nothing."""

    command: str
    first: float
    seconds: tuple[float, ...]


def measure(base: Path, versions: Sequence[str], cells: int, repeat: int, *, nox: bool) -> tuple[Noop, ...]:
    """Time `hubmatrix run` on a project of its own; with `nox` also `nox -s matrix` on this one, whose first run takes minutes."""
    common = subject.make(base, versions, cells)
    project = subject.project(common, base / "project", cells)
    timings = [_again(f"hubmatrix run, {len(versions)} x {cells} cells", hubmatrix(project), base, repeat)]
    if nox:
        timings.append(
            _again("nox -s matrix, this project", [sys.executable, "-m", "nox", "-s", "matrix", "--", "--plain"], ROOT, repeat)
        )
    return tuple(timings)


def _again(command: str, argv: Sequence[str | Path], cwd: Path, repeat: int) -> Noop:
    first = timed(argv, cwd=cwd)
    tell(f"{command}: {first:.1f} s with everything to do")
    seconds = tuple(timed(argv, cwd=cwd) for _ in range(repeat))
    return Noop(command=command, first=first, seconds=seconds)


def as_json(timings: Sequence[Noop]) -> dict[str, Any]:
    """Return format 1: the seconds of each execution that had nothing to do."""
    listed = [{"command": noop.command, "seconds": [round(second, 3) for second in noop.seconds]} for noop in timings]
    return {"format": 1, "benchmark": "noop", "target_seconds": TARGET_SECONDS, "commands": listed}


def as_text(timings: Sequence[Noop]) -> str:
    """Return a row for each command."""
    width = max(len(noop.command) for noop in timings) + 2
    lines = [f"{'command, nothing changed':<{width}}{'median s':>10}{'slowest s':>11}"]
    lines += [f"{noop.command:<{width}}{median(noop.seconds):>10.2f}{max(noop.seconds):>11.2f}" for noop in timings]
    return "\n".join([*lines, f"target: under {TARGET_SECONDS} s"])
