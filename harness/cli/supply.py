"""Commands on models and where they come from: models, serve."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from harness.base.workspace import Workspace
from harness.cli.app import app, progress
from harness.cli.options import (
    CURRENT_FOLDER,
    NO_NAMES,
    AsJson,
    Root,
)


@app.command()
def models(
    names: Annotated[list[str] | None, typer.Argument(help="Model ids, e.g. bert-en/3; all if none is given.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Replace the committed replicas.")] = False,
    only_list: Annotated[bool, typer.Option("--list", help="Show what is shipped, and rebuild nothing.")] = False,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Rebuild the replicas with their publishers' exporters and verify the committed ones against them."""
    from harness.commands import models

    if only_list and write:
        raise typer.BadParameter("--list rebuilds nothing, --write needs it", param_hint="--list")
    if only_list:
        outcome = models.list_replicas(names or ())
    else:
        outcome = models.rebuild_replicas(Workspace(root=root.resolve()), names or (), write=write, tell=progress)
    print(json.dumps(outcome.as_json()) if as_json else outcome.as_text())
    raise typer.Exit(0 if outcome.verified else 5)


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Where to listen; 0 takes a free port.", min=0, max=65535)] = 0,
    host: Annotated[str, typer.Option(help="An address of this machine alone.")] = "127.0.0.1",
    model: Annotated[list[str], typer.Option("--model", help="Only this model, e.g. bert-en/3; repeatable.")] = NO_NAMES,
    log: Annotated[bool, typer.Option("--log", help="A JSON line for each request, on standard error.")] = False,
    as_json: AsJson = False,
) -> None:
    """Serve the replicas as a model hub does, on this machine only, with faults on request (listed at the start)."""
    from harness.commands import serve

    serve.serve_hub(model, host=host, port=port, log=log, as_json=as_json, tell=lambda text: print(text, flush=True))
