"""The runs of a store: list them, write one into a file, take in files from elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.base.errors import Problem, ResultsError
from harness.base.files import write_atomically
from harness.report.text import plain
from harness.results.lines import lines_of, read_run
from harness.results.run import Run
from harness.results.store import RunSummary, open_store

TERMINAL = Path("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRuns:
    """The runs of a store, newest first."""

    runs: tuple[RunSummary, ...]

    def as_json(self) -> dict[str, Any]:
        """Return format 1."""
        return {"format": 1, "runs": [_as_json(run) for run in self.runs]}

    def as_text(self) -> str:
        """Return a line for each run."""
        return "\n".join(_as_text(run) for run in self.runs) or "no run yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The runs that were taken in, and those that were there already, by name."""

    new: tuple[str, ...]
    already_kept: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return format 1."""
        return {"format": 1, "new": list(self.new), "known": list(self.already_kept)}

    def as_text(self) -> str:
        """Return a line for each run."""
        return "\n".join([*(f"{run}  taken in" for run in self.new), *(f"{run}  was here already" for run in self.already_kept)])


def list_runs(path: Path) -> KeptRuns:
    """Return the runs of the store at a path. Raises ResultsError if it is damaged."""
    if not path.exists():
        return KeptRuns(runs=())
    with open_store(path) as store:
        return KeptRuns(runs=store.runs())


def export_run(run: Run, path: Path) -> None:
    """Write a run into a file, or onto the terminal for `-`. Raises MachineError if it can't be written."""
    if path == TERMINAL:
        sys.stdout.writelines(lines_of(run))
    else:
        write_atomically(path, "".join(lines_of(run)))


def import_files(path: Path, files: Sequence[Path]) -> Imported:
    """Take the runs of files into the store at a path: all of them, or none where one can't be read.

    Raises:
        ResultsError: with every file that can't be read.
    """
    problems: list[Problem] = []
    runs: list[Run] = []
    for file in files:
        try:
            runs.append(read_run(file))
        except ResultsError as error:
            problems.extend(error.problems)
    if problems:
        raise ResultsError.of(tuple(problems))
    with open_store(path) as store:
        added = {run.header.run: store.add(run) for run in runs}
    new = tuple(name for name, is_new in added.items() if is_new)
    return Imported(new=new, already_kept=tuple(name for name in added if name not in new))


def _as_json(run: RunSummary) -> dict[str, Any]:
    return {
        "run": run.name,
        "started": run.header.started,
        "finished": run.finished,
        "interrupted": run.interrupted,
        "tier": run.header.tier,
        "selection": run.header.selection,
        "planned_cells": run.header.planned_cells,
    }


def _as_text(run: RunSummary) -> str:
    end = "cut off" if run.finished is None else "interrupted" if run.interrupted else "finished"
    header, part = run.header, run.header.part
    words = [header.tier, header.selection, f"shard {part.shard} of {part.shards}" if part and part.shards > 1 else ""]
    line = f"{run.name}  {header.started}  {end:11}  {header.planned_cells:>6} cells  {' '.join(word for word in words if word)}"
    # A header may be somebody else's: imported, or of a part that was merged.
    return " ".join(plain(line, 1000).splitlines())
