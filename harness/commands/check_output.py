"""The output of `hubmatrix check`: the table and the paths of the report, or everything as JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from harness.base.workspace import Workspace
from harness.commands import look
from harness.commands import report as reporting
from harness.commands.check import Check, CheckOutcome, Width
from harness.domain import InstallPolicy
from harness.judge.outcomes import CaseVerdict
from harness.report import terminal, wording
from harness.report.document import CaseView, View
from harness.report.text import first_line


def check_table(outcome: CheckOutcome) -> RenderableType:
    """Return the report for a terminal, followed by the cases that were not tried and why, with no line left out."""
    return Group(terminal.render(outcome.report, skipped=True), *_not_tried(outcome.report))


def _not_tried(view: View) -> Iterator[RenderableType]:
    """Yield each reason for skipping, with the TensorFlow versions and the titles of the cases that it skipped."""
    # Dictionaries for sets that keep their order.
    cells: defaultdict[str, dict[str, None]] = defaultdict(dict)
    titles: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for cell in view.cells:
        for case in (view.cases[number] for number in cell.cases):
            if case.verdict in (CaseVerdict.SKIPPED, CaseVerdict.NOT_APPLICABLE):
                cells[_reason(case)][cell.axes.tensorflow] = None
                titles[_reason(case)][case.title] = None
    if cells:
        yield Text("\nNot tried, which says nothing about the model", style="bold")
    labels = wording.labels(view)
    for reason, versions in cells.items():
        yield Text(f"  {', '.join(labels[version] for version in view.versions if version in versions)}: {reason}")
        yield from (Text(f"    {title}", style="dim") for title in titles[reason])


def _reason(case: CaseView) -> str:
    if case.unmet:
        return f"needs {', '.join(case.unmet)}, which is missing"
    return first_line(case.message).removeprefix("Skipped: ").removeprefix("not tried: ")


def last_words(check: Check, outcome: CheckOutcome, width: Width) -> str:
    """Return the path of the report, the name of the run, and the options that would widen the check."""
    lines = ["", f"report   {_short(check.workspace, outcome.page)}", f"run      {outcome.run.header.run}"]
    wider = [] if width.tensorflow else ["--tensorflow '>=2.4'"]
    wider += [] if InstallPolicy.TODAY in width.installs else ["--install today"]
    return "\n".join([*lines, f"more     {' '.join(wider)}"] if wider else lines)


def check_json(check: Check, outcome: CheckOutcome) -> dict[str, Any]:
    """Return format 2: the model, and every cell as `hubmatrix results --json` has it.

    Format history:
      1  first version; `results` was the path of a file
      2  `run`, the name of the run, in its place
    """
    run = outcome.run
    document = reporting.join_results(run, reporting.select_results(check.workspace, run, ""))
    return {
        "format": 2,
        "model": {"id": check.model.id, "handle": check.model.handle, **look.facts(check.located, check.inspected)},
        "page": str(_short(check.workspace, outcome.page)),
        "run": run.header.run,
        **document.model_dump(mode="json", include={"environments", "cells"}),
    }


def _short(workspace: Workspace, path: Path) -> Path:
    """Return the path relative to the project's folder if it lies below it."""
    return path.relative_to(workspace.root) if path.is_relative_to(workspace.root) else path
