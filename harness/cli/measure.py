"""Commands that plan and measure: plan, run, check, spec, clean."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.base.errors import SpecError
from harness.base.workspace import Workspace
from harness.cli.app import app, progress, say, tell_of_fence
from harness.cli.options import (
    AS_RELEASED,
    CURRENT_FOLDER,
    DEFAULT_KERAS,
    EVERY_DEVICE,
    NO_NAMES,
    AsJson,
    Cells,
    Environments,
    Locks,
    ModelChoice,
    NoFence,
    Root,
    Select,
    SelectCheck,
    ShardText,
    Tier,
)
from harness.domain import Device, InstallPolicy, KerasChoice

if TYPE_CHECKING:
    from harness.commands.shards import PartOfPlan


@app.command()
def plan(
    tier: Tier = None,
    select: Select = "",
    environment: Environments = NO_NAMES,
    cell: Cells = NO_NAMES,
    shard: ShardText = "",
    locks: Locks = None,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Show what would run, what would be reused, and what is left out and why. Runs nothing, asks no index."""
    from harness.commands import plan

    part = _part(root.resolve(), (tier, select, environment, cell), shard, locks)
    preview = plan.preview_plan(part.workspace, part.run_plan)
    print(plan.preview_json(preview) if as_json else plan.preview_text(preview))


@app.command()
def run(
    tier: Tier = None,
    select: Select = "",
    environment: Environments = NO_NAMES,
    cell: Cells = NO_NAMES,
    shard: ShardText = "",
    locks: Locks = None,
    jobs: Annotated[int | None, typer.Option(help="Cells at once; as many as cores and memory allow if not given.", min=1)] = None,
    no_zygote: Annotated[bool, typer.Option("--no-zygote", help="A fresh interpreter for each cell instead of a fork.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Resolve again what was resolved already.")] = False,
    rerun: Annotated[bool, typer.Option("--rerun", help="Measure again even what has a result.")] = False,
    no_second_opinion: Annotated[
        bool, typer.Option("--no-second-opinion", help="Don't try on an older Python what fails on the newest.")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a live display.")] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Don't render the report afterwards.")] = False,
    models_: Annotated[
        ModelChoice,
        typer.Option("--models", help="Small replicas that come with hubmatrix, or the published models, fetched and kept."),
    ] = ModelChoice.REPLICAS,
    hub_url: Annotated[
        str | None,
        typer.Option("--hub-url", help="With --models published: fetch from this server, not from the handles' own."),
    ] = None,
    no_fence: NoFence = False,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Measure the cells that have no result yet, then render the report. Ctrl-C keeps everything; the same command goes on."""
    from harness.commands import still

    workspace = Workspace(root=root.resolve())
    choices = (select, *environment, "cells", *cell, models_.value, f"second={not no_second_opinion}")
    typed = still.command_here(tier, choices, fence=not no_fence)
    may_repeat = not (shard or locks or refresh or rerun or no_report or hub_url) and models_ is ModelChoice.REPLICAS
    if may_repeat and (repeated := still.repeat(workspace, typed)):
        tell_of_fence(asked_for=not no_fence)
        summary, lines = repeated
        for line in lines:
            progress(line)
        print(json.dumps(summary.as_json()) if as_json else summary.as_text())
        return

    from harness.cli.progress import RunProgress, display
    from harness.commands import plan, report
    from harness.judge.attribution import machine_trouble
    from harness.judge.second import surprising_failures
    from harness.models import published
    from harness.models.address import read_server
    from harness.models.source import Replicas
    from harness.run.engine import RunOptions, RunQuestion, perform
    from harness.run.machine import this_machine

    if hub_url is not None and models_ is ModelChoice.REPLICAS:
        raise SpecError("only published models come from a server", location="--hub-url", hint="add --models published")
    server = read_server(hub_url) if hub_url else None
    if locks and refresh:
        raise SpecError("nothing is resolved where locks are given", location="--refresh", hint="`hubmatrix lock --refresh`")
    part = _part(root.resolve(), (tier, select, environment, cell), shard, locks)
    workspace, selection, run_plan = part.workspace, part.selection, part.run_plan
    options = RunOptions(
        tier=selection.tier or "",
        selection=selection.text,
        models=f"published, from {server.url}" if server else models_.value,
        again=()
        if models_ is ModelChoice.REPLICAS
        else ("--models", models_.value, *(("--hub-url", server.url) if server else ())),
        preload=not no_zygote,
        refresh=refresh,
        rerun=rerun,
        matters=None
        if no_second_opinion
        else surprising_failures(run_plan.cases, run_plan.declared, plan.model_interfaces(workspace)),
        part=part.header,
    )

    # Before anything is locked: a network that fails within a cell would look like an incompatibility.
    supply = published.fetch(run_plan.plan.models, workspace, server, progress) if models_ is ModelChoice.PUBLISHED else None
    question = RunQuestion(plan=run_plan.plan, cases=run_plan.cases, supply=supply or Replicas())
    watcher = RunProgress(display("cells", plain=plain or as_json))
    machine = this_machine(workspace, run_plan.limits, jobs, fence=not no_fence)
    tell_of_fence(asked_for=not no_fence)
    before = still.state_of(workspace)
    run = perform(question, machine, options, watcher, machine_trouble)

    rendered = () if no_report else report.render_site_if_changed(workspace, run, run_plan)
    summary = report.summary(workspace, run, rendered)
    print(json.dumps(summary.as_json()) if as_json else summary.as_text())
    if may_repeat:
        still.remember(workspace, typed, run_plan.plan, run, before, summary, machine.interpreters)
    # Last, so that results and report of such a run are there, and the exit code still says that it measured nothing.
    if supply and (error := published.no_model_error(supply, run_plan.plan.models)):
        raise error


def _part(root: Path, selecting: tuple[str | None, str, list[str], list[str]], shard: str, locks: Path | None) -> PartOfPlan:
    """Return the part of the plan that options ask for, and say which it is. `selecting` are those of `build_selection`."""
    from harness.commands import shards
    from harness.commands.plan import build_selection
    from harness.run.sealed import read_sealed

    own_shard, workspace, selection = shards.parse_shard(shard, os.environ), Workspace(root=root), build_selection(*selecting)
    if locks is None:
        part = shards.take_part(workspace, selection, own_shard)
    else:
        part = shards.take_locked_part(workspace, read_sealed(locks), selection if any(selecting) else None, own_shard)
    if shard or locks:
        progress(shards.part_text(part.header, len(part.run_plan.plan.cells)))
    return part


@app.command()
def check(
    model: Annotated[str, typer.Argument(help="SavedModel folder, TF1 Hub module, .keras or .h5 file, .tar.gz, or a handle.")],
    tensorflow: Annotated[
        str, typer.Option(help="'2.15', '2.15,2.19', '2.8-2.15' or '>=2.12,<2.16'; the versions of the quick tier if not given.")
    ] = "",
    select: SelectCheck = "",
    install: Annotated[list[InstallPolicy], typer.Option(help="as-released (default) or today; repeatable.")] = AS_RELEASED,
    keras: Annotated[list[KerasChoice], typer.Option(help="default (default) or legacy; repeatable.")] = DEFAULT_KERAS,
    device: Annotated[list[Device], typer.Option(help="cpu, xla-cpu; both if not given.")] = EVERY_DEVICE,
    hub_url: Annotated[str | None, typer.Option("--hub-url", help="Ask this server for the handle, not the handle's own.")] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Also put the report's files into this folder.")] = None,
    look: Annotated[bool, typer.Option("--look", help="Only look into the model; run nothing.")] = False,
    jobs: Annotated[int | None, typer.Option(help="Cells at once; as many as cores and memory allow if not given.", min=1)] = None,
    rerun: Annotated[bool, typer.Option("--rerun", help="Measure again even what has a result.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a live display.")] = False,
    no_fence: NoFence = False,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Run the matrix on a model of your own: which TensorFlow loads, calls, trains and saves it. Never writes into it.

    Loading a model runs what is in it: check only models that you trust.
    """
    from harness.cli.progress import RunProgress, display
    from harness.commands import check, check_output
    from harness.commands.look import describe, facts, look_into
    from harness.models.address import read_server

    workspace = Workspace(root=root.resolve())
    located, inspected = look_into(workspace, model, read_server(hub_url) if hub_url else None)
    if not as_json:
        say(describe(located, inspected))
    if look:
        print(json.dumps({"format": 1, "model": facts(located, inspected)}, indent=1)) if as_json else None
        return
    width = check.Width(tensorflow=tensorflow, installs=tuple(install), keras=tuple(keras), devices=tuple(device), select=select)
    check_plan = check.make_check(workspace, located, inspected, width)
    watcher = RunProgress(display("cells", plain=plain or as_json))
    tell_of_fence(asked_for=not no_fence)
    outcome = check.run_check(check_plan, watcher, jobs=jobs, rerun=rerun, fence=not no_fence, folder=report)
    if as_json:
        print(json.dumps(check_output.check_json(check_plan, outcome), indent=1))
    else:
        say(check_output.check_table(outcome))
        say(check_output.last_words(check_plan, outcome, width))


@app.command()
def spec(
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of matrix.yaml, for editors.")] = False,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Check matrix.yaml, the cases and cases/claims.yaml: every problem at once, each with line and column."""
    from harness.commands import plan
    from harness.matrix.schema import text as schema_text

    if schema:
        print(schema_text(), end="")
        return
    workspace = Workspace(root=root.resolve())
    run_plan = plan.make_run_plan(workspace, plan.build_selection("full"))
    plan.check_announcements(run_plan, plan.model_interfaces(workspace))
    facts: dict[str, Any] = {
        "format": 1,
        "cells": len(run_plan.plan.cells),
        "environments": len(run_plan.plan.environments),
        "cases": len(run_plan.cases),
        "claims": sum(len(document.claims) for document in run_plan.documents),
    }
    text = f"matrix.yaml is valid: {facts['cells']} cells in {facts['environments']} environments, {facts['cases']} cases"
    text += f", {facts['claims']} claim{'s' * (facts['claims'] != 1)}" if facts["claims"] else ""
    print(json.dumps(facts) if as_json else text)


@app.command()
def clean(
    with_results: Annotated[bool, typer.Option("--results", help="Also delete all results and reports/.")] = False,
    with_uv_cache: Annotated[bool, typer.Option("--uv-cache", help="Also let uv drop what no project needs.")] = False,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Free the disk: every venv, companion, toolchain, lock and work folder. Results stay unless you ask."""
    from harness.commands import clean

    freed = clean.clean(Workspace(root=root.resolve()), results=with_results, uv_cache=with_uv_cache)
    print(json.dumps(freed.as_json()) if as_json else freed.as_text())
