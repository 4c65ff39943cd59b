"""The site as files: which there are, what tells that they are as they were, and the summary that names its page.

Imports no renderer and nothing that judges, so that a command that has nothing to render starts without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.base.memo import digest_of
from harness.base.workspace import Workspace

NAMES = ("index.html", "report.md", "report.json")
STAMP = ".rendered"
DOCS = {"tpu.html": "docs/tpu.md", "sizes.html": "docs/tpu-sizes.md"}
"""Pages of the site, by name, that are rendered from pages of the project's docs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The summary that a run prints at its end: its name, the report's page if one was rendered, and cells by status.

    `reused` counts the cells whose results are those of earlier runs.
    """

    run: str
    page: Path | None
    cells: Mapping[str, int]
    reused: int
    seconds: float | None

    def as_json(self) -> dict[str, Any]:
        """Return format 2.

        Format history:
          1  first version; `results` was the path of a file
          2  `run`, the name of a run of the store, in its place
        """
        return {
            "format": 2,
            "run": self.run,
            "page": str(self.page) if self.page else None,
            "cells": dict(self.cells),
            "reused_cells": self.reused,
        }

    def as_text(self) -> str:
        total = sum(self.cells.values())
        counted = ", ".join(f"{count} {status}" for status, count in sorted(self.cells.items()))
        lines = [f"{total} cells: {counted or 'none'} ({self.reused} reused)", f"run      {self.run}"]
        return "\n".join([*lines, f"report   {self.page}"] if self.page else lines)


def site_digest(workspace: Workspace) -> str | None:
    """Return the digest of what was rendered and of what lies beside it; None where a file is missing."""
    paths = [workspace.site / name for name in (*NAMES, STAMP)]
    if not all(path.is_file() for path in paths):
        return None
    stamp = (workspace.site / STAMP).read_text(encoding="utf-8")
    return digest_of(stamp, *pages_beside(workspace), "docs", *docs_texts(workspace))


def pages_beside(workspace: Workspace) -> tuple[str, ...]:
    """Return the other pages of the site: those rendered from docs, and the one that `hubmatrix reproduce` writes."""
    return tuple(path.name for path in sorted(workspace.site.glob("*.html")) if path.name not in NAMES)


def docs_texts(workspace: Workspace) -> tuple[str, ...]:
    """Return the texts of the docs that pages of the site are rendered from."""
    return tuple(page.read_text(encoding="utf-8") for page in (workspace.root / path for path in DOCS.values()) if page.is_file())
