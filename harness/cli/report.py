"""Commands that show what was measured: report, results, claims, baseline, reproduce."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.base.workspace import Workspace
from harness.cli.app import app, progress, say, tell_of_fence
from harness.cli.console import PlainConsole
from harness.cli.options import (
    CURRENT_FOLDER,
    AsJson,
    NoFence,
    Root,
    RunSource,
    SelectReported,
    SelectResults,
)

if TYPE_CHECKING:
    from harness.results.run import Run

baseline_app = typer.Typer(
    help="What is known of the whole matrix, as text that is committed: reports/baseline.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(baseline_app, name="baseline")
NO_RUNS: list[str] = []


def _load_run(workspace: Workspace, source: str | None) -> Run:
    """Return the run that a command shows, and say so where it is not one that was measured here."""
    from harness.results.baseline.runs import is_baseline
    from harness.results.store import load_run

    run = load_run(workspace.results, source, workspace.baseline)
    if is_baseline(run):
        why = "" if source else "no run here yet; "
        progress(f"{why}taking the {run.header.run} ({workspace.baseline.relative_to(workspace.root)})")
    return run


@app.command()
def report(
    source: RunSource = None,
    show: Annotated[bool, typer.Option("--show", help="Print it here; write nothing.")] = False,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Render a run as HTML, Markdown and JSON below reports/site."""
    from harness.commands import report

    workspace = Workspace(root=root.resolve())
    run = _load_run(workspace, source)
    if show and not as_json:
        say(report.render_terminal(workspace, run))
        return
    summary = report.summary(workspace, run, report.render_site(workspace, run, None))
    print(json.dumps(summary.as_json()) if as_json else summary.as_text())


@app.command()
def results(
    source: RunSource = None,
    select: SelectResults = "",
    runs: Annotated[bool, typer.Option("--runs", help="List the runs that are kept, newest first.")] = False,
    export: Annotated[Path | None, typer.Option("--export", help="Write the run into this file; - for the terminal.")] = None,
    files: Annotated[
        list[Path] | None, typer.Option("--import", help="Take in a file of results, of any format so far; repeatable.")
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of a line of an exported file.")] = False,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Print every cell of a run: axes, status, cases with outcome, message and evidence, reused or new, lock and interpreter."""
    from harness.commands import exchange, report
    from harness.report.text import NO_LIMIT, plain
    from harness.results.format import LINE

    if schema:
        print(json.dumps(LINE.json_schema(), indent=1))
        return
    workspace = Workspace(root=root.resolve())
    if files:
        imported = exchange.import_files(workspace.results, files)
        print(json.dumps(imported.as_json()) if as_json else imported.as_text())
        return
    if runs:
        listed = exchange.list_runs(workspace.results)
        print(json.dumps(listed.as_json()) if as_json else listed.as_text())
        return
    run = _load_run(workspace, source)
    if export:
        exchange.export_run(run, export)
        return
    document = report.join_results(run, report.select_results(workspace, run, select))
    print(document.model_dump_json(indent=1) if as_json else plain(report.results_as_text(document), NO_LIMIT))


@app.command()
def claims(
    source: RunSource = None,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Compare what documents assert with a run: confirmed, refuted, varies, holds in part or not measured."""
    from harness.commands import claims

    workspace = Workspace(root=root.resolve())
    answers = claims.judge_claims(workspace, _load_run(workspace, source))
    if as_json:
        print(answers.model_dump_json(indent=1))
    else:
        PlainConsole().print(claims.claims_table(answers))


@baseline_app.command("accept")
def accept_baseline(
    select: SelectResults = "",
    runs: Annotated[
        list[str],
        typer.Option("--run", help="Only from this run, or exported file; repeatable. All runs of the store if not given."),
    ] = NO_RUNS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; write nothing.")] = False,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Write the newest result of each cell and case into the baseline. Cells that were not measured here stay as they are in it."""
    from harness.commands import baseline

    accepted = baseline.accept(Workspace(root=root.resolve()), runs, select, dry_run=dry_run)
    print(json.dumps(accepted.as_json()) if as_json else accepted.as_text())


@baseline_app.command("show")
def show_baseline(as_json: AsJson = False, root: Root = CURRENT_FOLDER) -> None:
    """Count what the baseline holds: cells by status, and results, of each TensorFlow and install policy."""
    from harness.commands import baseline

    summary = baseline.summarize(Workspace(root=root.resolve()))
    print(json.dumps(summary.as_json()) if as_json else summary.as_text())


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
    no_fence: NoFence = False,
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
    machine = reproduce.machine(workspace, chosen, jobs, fence=not no_fence)
    if not only_list:
        from harness.cli.progress import ReproduceProgress, display

        tell_of_fence(asked_for=not no_fence)
        options = ReproduceOptions(refresh=refresh, rerun=rerun)
        reproduce.run_reproductions(machine, chosen, options, ReproduceProgress(display("reports", plain=plain or as_json)))
        pages = reproduce.render_pages(workspace, reproduce.reports_table(machine, chosen, every=True))
        progress(f"page  {pages[0].relative_to(workspace.root)}")
    reported = reproduce.reports_table(machine, chosen)
    if as_json:
        print(view.table_json(reported), end="")
    else:
        PlainConsole(width=None if sys.stdout.isatty() else terminal.PIPE_WIDTH).print(terminal.render(reported))
