"""What `hubmatrix check` prints when it is done: the table, where the report is, or all of it as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import RenderableType

from harness.base.workspace import Workspace
from harness.commands import look
from harness.commands import report as reporting
from harness.commands.check import Check, Done, Width
from harness.domain import InstallPolicy
from harness.report import terminal
from harness.results import store


def table(done: Done) -> RenderableType:
    """Return the report for a terminal."""
    return terminal.render(done.shown)


def last_words(check: Check, done: Done, width: Width) -> str:
    """Return where the report is, and how to see more."""
    lines = ["", f"report   {_short(check.workspace, done.page)}", f"results  {_short(check.workspace, done.results)}"]
    wider = [] if width.tensorflow else ["--tensorflow '>=2.4'"]
    wider += [] if InstallPolicy.TODAY in width.installs else ["--install today"]
    return "\n".join([*lines, f"more     {' '.join(wider)}"] if wider else lines)


def as_json(check: Check, done: Done) -> dict[str, Any]:
    """Return format 1: the model, and every cell as `hubmatrix results --json` has it."""
    joined = reporting.joined(store.read(done.results), "")
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
