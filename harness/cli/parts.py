"""Commands for runs that are split over machines: merge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from harness.base.workspace import Workspace
from harness.cli.app import app
from harness.cli.options import CURRENT_FOLDER, AsJson, Root


@app.command()
def merge(
    files: Annotated[list[Path], typer.Argument(help="Files of `hubmatrix results --export`, one a shard or more.")],
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Take what earlier runs measured for the cells that no file has.")
    ] = False,
    export: Annotated[Path | None, typer.Option("--export", help="Write the run into this file, not into the store.")] = None,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Put the results of shards together into one run. Refuses what is torn, missing, of another plan or contradicts itself."""
    from harness.commands.merge import merge_files

    summary = merge_files(Workspace(root=root.resolve()), files, allow_missing=allow_missing, export=export)
    print(json.dumps(summary.as_json()) if as_json else summary.as_text())
