"""Commands for runs that are split over machines: lock, merge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from harness.base.workspace import Workspace
from harness.cli.app import app
from harness.cli.options import CURRENT_FOLDER, NO_NAMES, AsJson, Cells, Environments, Root, Select, Tier


@app.command()
def lock(
    tier: Tier = None,
    select: Select = "",
    environment: Environments = NO_NAMES,
    cell: Cells = NO_NAMES,
    into: Annotated[Path, typer.Option("--into", help="A folder, or a file ….tar.gz.")] = Path("hubmatrix-locks.tar.gz"),
    refresh: Annotated[bool, typer.Option("--refresh", help="Resolve again what was resolved already.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a live display.")] = False,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Resolve every environment of a plan once, for `run --locks` on other machines, which install by hash and resolve nothing."""
    from harness.cli.progress import display
    from harness.commands.lock import lock_plan
    from harness.commands.plan import build_selection, make_run_plan
    from harness.run.machine import this_machine
    from harness.run.watcher import Stage

    workspace = Workspace(root=root.resolve())
    selection = build_selection(tier, select, environment, cell)
    run_plan = make_run_plan(workspace, selection)
    with display("locks", plain=plain or as_json) as shown_locks:

        def tell(name: str, stage: Stage) -> None:
            if stage is Stage.LOCKED:
                shown_locks.over(name)
            else:
                shown_locks.log(f"{name}: {stage.value}")
                shown_locks.busy(name, stage.value)

        machine = this_machine(workspace, run_plan.limits)
        summary = lock_plan(machine, run_plan, selection, into, refresh=refresh, tell=tell)
    print(json.dumps(summary.as_json()) if as_json else summary.as_text())


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
