"""Commands that show what was measured: report, results, claims, reproduce."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.console import Console

from harness.base.workspace import Workspace
from harness.cli.app import app, progress, say
from harness.cli.options import (
    CURRENT_FOLDER,
    AsJson,
    Root,
    RunFile,
    SelectReported,
    SelectResults,
)


@app.command()
def report(
    run_file: RunFile = None,
    show: Annotated[bool, typer.Option("--show", help="Print it here; write nothing.")] = False,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Render a run as HTML, Markdown and JSON below reports/site."""
    from harness.commands import report
    from harness.results import store

    workspace = Workspace(root=root.resolve())
    results = run_file or store.newest(workspace.runs)
    if show and not as_json:
        say(report.render_terminal(workspace, results))
        return
    summary = report.summary(workspace, results, report.render_site(workspace, results, None))
    print(json.dumps(summary.as_json()) if as_json else summary.as_text())


@app.command()
def results(
    run_file: RunFile = None,
    select: SelectResults = "",
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of results.jsonl.")] = False,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Print every cell of a run: axes, status, cases with outcome, message and evidence, reused or new, lock and interpreter."""
    from harness.commands import report
    from harness.results import store
    from harness.results.format import LINE

    if schema:
        print(json.dumps(LINE.json_schema(), indent=1))
        return
    workspace = Workspace(root=root.resolve())
    run = store.read_run(run_file or store.newest(workspace.runs))
    document = report.join_results(run, report.select_results(workspace, run, select))
    print(document.model_dump_json(indent=1) if as_json else report.results_as_text(document))


@app.command()
def claims(
    run_file: RunFile = None,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Compare what documents assert with a run: confirmed, refuted, varies, holds in part or not measured."""
    from harness.commands import claims
    from harness.results import store

    workspace = Workspace(root=root.resolve())
    answers = claims.judge_claims(workspace, run_file or store.newest(workspace.runs))
    if as_json:
        print(answers.model_dump_json(indent=1))
    else:
        Console(highlight=False).print(claims.claims_table(answers))


@app.command()
def reproduce(
    names: Annotated[list[str] | None, typer.Argument(help="Ids of reports; all if not given.")] = None,
    select: SelectReported = "",
    only_list: Annotated[bool, typer.Option("--list", help="Show the results so far; run nothing.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of --json.")] = False,
    jobs: Annotated[
        int | None, typer.Option(help="Reports at once; as many as cores and memory allow if not given.", min=1)
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Resolve again what was resolved already.")] = False,
    rerun: Annotated[bool, typer.Option("--rerun", help="Run again even what has a result.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a live display.")] = False,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Run what users reported again, with the versions they named, and compare. The list is cases/reported/reports.yaml."""
    from harness.commands import reproduce
    from harness.studies.reported import terminal, view
    from harness.studies.reported.engine import ReproduceOptions

    if schema:
        print(json.dumps(view.table_schema(), indent=1))
        return
    workspace = Workspace(root=root.resolve())
    chosen = reproduce.choose_reports(workspace, names or (), select)
    machine = reproduce.machine(workspace, chosen, jobs)
    if not only_list:
        from harness.cli.progress import ReproduceProgress, display

        options = ReproduceOptions(refresh=refresh, rerun=rerun)
        reproduce.run_reproductions(machine, chosen, options, ReproduceProgress(display("reports", plain=plain or as_json)))
        pages = reproduce.render_pages(workspace, reproduce.reports_table(machine, chosen, every=True))
        progress(f"page  {pages[0].relative_to(workspace.root)}")
    reported = reproduce.reports_table(machine, chosen)
    if as_json:
        print(view.table_json(reported), end="")
    else:
        Console(highlight=False, width=None if sys.stdout.isatty() else terminal.PIPE_WIDTH).print(terminal.render(reported))
