"""What `hubmatrix check` prints when it is done: the table, where the report is, or all of it as JSON."""

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
from harness.commands.check import Check, Done, Width
from harness.domain import InstallPolicy
from harness.judge.outcomes import CaseVerdict
from harness.report import terminal, wording
from harness.report.document import CaseView, View
from harness.report.text import first_line
from harness.results import store


def table(done: Done) -> RenderableType:
    """Return the report for a terminal, with what was not tried and why: no line of it is left out."""
    return Group(terminal.render(done.shown, skipped=True), *_not_tried(done.shown))


def _not_tried(view: View) -> Iterator[RenderableType]:
    """Give each reason for which something was skipped, with the versions, and with what was skipped for it."""
    cells: defaultdict[str, dict[str, None]] = defaultdict(dict)
    titles: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for cell in view.cells:
        for case in (view.cases[number] for number in cell.cases):
            if case.verdict in (CaseVerdict.SKIPPED, CaseVerdict.NOT_APPLICABLE):
                cells[_reason(case)][cell.axes.tensorflow] = None
                titles[_reason(case)][case.title] = None
    if cells:
        yield Text("\nNot tried, which says nothing of the model", style="bold")
    labels = wording.labels(view)
    for reason, versions in cells.items():
        yield Text(f"  {', '.join(labels[version] for version in view.versions if version in versions)}: {reason}")
        yield from (Text(f"    {title}", style="dim") for title in titles[reason])


def _reason(case: CaseView) -> str:
    if case.unmet:
        return f"needs {', '.join(case.unmet)}, which is not there"
    return first_line(case.message).removeprefix("Skipped: ").removeprefix("not tried: ")


def last_words(check: Check, done: Done, width: Width) -> str:
    """Return where the report is, and how to see more."""
    lines = ["", f"report   {_short(check.workspace, done.page)}", f"results  {_short(check.workspace, done.results)}"]
    wider = [] if width.tensorflow else ["--tensorflow '>=2.4'"]
    wider += [] if InstallPolicy.TODAY in width.installs else ["--install today"]
    return "\n".join([*lines, f"more     {' '.join(wider)}"] if wider else lines)


def as_json(check: Check, done: Done) -> dict[str, Any]:
    """Return format 1: the model, and every cell as `hubmatrix results --json` has it."""
    run = store.read_run(done.results)
    joined = reporting.joined(run, reporting.select(check.workspace, run, ""))
    return {
        "format": 1,
        "model": {"id": check.model.id, "handle": check.model.handle, **look.facts(check.brought, check.inspected)},
        "page": str(_short(check.workspace, done.page)),
        "results": str(_short(check.workspace, done.results)),
        **joined.model_dump(mode="json", include={"environments", "cells"}),
    }


def _short(workspace: Workspace, path: Path) -> Path:
    """Return the path from the project's folder, if it is below it."""
    return path.relative_to(workspace.root) if path.is_relative_to(workspace.root) else path
