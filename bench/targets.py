"""`targets`: CPU seconds of commands in a project in which everything is measured, beside what they may take.

CPU of the process and its children, so that a busy machine changes little. `code` is the checkout whose harness/ is run: another
one than this shows what a change did, on the same project.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import known
from bench.commands import output, tell
from harness.matrix.selection import Selection

TARGETS: Mapping[str, float] = {"run quick": 1.0, "run full": 2.5, "plan full": 1.5, "help": 0.2}


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandCost:
    """A command, and the CPU seconds of each time that it was run. `store_bytes` is the size of the store of results after that."""

    command: str
    seconds: tuple[float, ...]
    store_bytes: int


def measure(base: Path, tier: str, select: str, code: Path, repeat: int, runs: int) -> tuple[CommandCost, ...]:
    """Make the project, run once to render its site, then time each command; `runs` more runs that do nothing at the end."""
    workspace = known.make(base / "project", Selection(tier=tier, select=select))
    selected = ["--tier", tier, *(["--select", select] if select else [])]
    run = ["run", *selected, "--plain", "--root", str(workspace.root)]
    tell(f"preparing: first run, {_cpu(code, run):.1f} s of CPU")
    commands = {"help": ["--help"], f"plan {tier}": ["plan", *selected, "--root", str(workspace.root)], f"run {tier}": run}
    size = workspace.results.stat
    costs = [
        CommandCost(command=name, seconds=tuple(_cpu(code, argv) for _ in range(repeat)), store_bytes=size().st_size)
        for name, argv in commands.items()
    ]
    if runs:
        seconds = tuple(_cpu(code, run) for _ in range(runs))
        costs.append(CommandCost(command=f"run {tier}, last of {runs}", seconds=seconds[-repeat:], store_bytes=size().st_size))
    return tuple(costs)


def _cpu(code: Path, arguments: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output([sys.executable, "-m", "harness", *arguments], cwd=code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def as_json(costs: Sequence[CommandCost]) -> dict[str, Any]:
    """Return format 1, in CPU seconds and bytes."""
    listed = [{"command": cost.command, "seconds": list(cost.seconds), "store_bytes": cost.store_bytes} for cost in costs]
    return {"format": 1, "benchmark": "targets", "targets": dict(TARGETS), "commands": listed}


def as_text(costs: Sequence[CommandCost]) -> str:
    """Return a row for each command."""
    width = max(len(cost.command) for cost in costs) + 2
    lines = [f"{'command':<{width}}{'CPU s':>8}{'slowest':>9}{'target':>8}{'store MiB':>11}"]
    for cost in costs:
        target = f"{TARGETS[cost.command]:.1f}" if cost.command in TARGETS else "-"
        row = f"{cost.command:<{width}}{median(cost.seconds):>8.2f}{max(cost.seconds):>9.2f}{target:>8}"
        lines.append(f"{row}{cost.store_bytes / 2**20:>11.2f}")
    return "\n".join(lines)
