"""The command line: one command a stage. The only module that prints errors and exits.

Exit codes: 0 done (cells that fail are results, not errors), 1 a program does not compile, 2 matrix.yaml or an option is
wrong, 3 nothing is selected, 4 no readable results, 5 a model or program is invalid, 6 trouble of the machine, 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from harness import __version__
from harness.domain import HOSTS, Device, InstallPolicy, KerasChoice
from harness.errors import HubmatrixError, SpecError
from harness.workspace import Workspace

APP_HELP = """Which TensorFlow loads, runs, saves and reloads which Hub text model, with evidence.

`matrix.yaml` names the axes; `hubmatrix plan` shows the cells, `run` measures them, `report` draws the table.

\b
Start with:  hubmatrix run          the quick tier, then the report (the same as `nox -s matrix`)

\b
Then:        hubmatrix plan --select 'tensorflow>=2.16 and model=bert-en/3 and not device=xla-cpu'
             hubmatrix run --tier full --select 'install=as-released'
             hubmatrix results --json
"""

app = typer.Typer(help=APP_HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

Tier = Annotated[str | None, typer.Option("--tier", help="A named slice of the matrix: quick (default), full.")]
Select = Annotated[
    str,
    typer.Option(
        "--select",
        help="Only these cells: an expression over the axes, e.g. 'tensorflow>=2.16 and keras=legacy and format in (h5, keras)'. "
        "Versions compare as versions; = means 'starts with' (tensorflow=2.16 is 2.16.2).",
    ),
]
Environments = Annotated[list[str], typer.Option("--environment", help="Only the cells of this environment; repeatable.")]
Cells = Annotated[list[str], typer.Option("--cell", help="Only this cell; repeatable. Ids are in the report.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Root = Annotated[Path, typer.Option("--root", help="The project: the folder of matrix.yaml and cases/.", envvar="HUBMATRIX_ROOT")]
RunFile = Annotated[Path | None, typer.Option("--run", help="A results.jsonl; the newest run if not given.")]
HERE = Path()


class Models(str, Enum):
    """What stands for the models of the matrix."""

    REPLICAS = "replicas"
    PUBLISHED = "published"


NO_NAMES: list[str] = []
NO_LENGTHS: list[int] = []
AS_RELEASED = [InstallPolicy.AS_RELEASED]
DEFAULT_KERAS = [KerasChoice.DEFAULT]
EVERY_DEVICE = sorted(HOSTS, key=list(Device).index)
PIPE_WIDTH = 160
NOT_COMPILED = 1


@app.command()
def plan(
    tier: Tier = None,
    select: Select = "",
    environment: Environments = NO_NAMES,
    cell: Cells = NO_NAMES,
    as_json: AsJson = False,
    root: Root = HERE,
) -> None:
    """Show what would run, what would be reused, and what is left out and why. Runs nothing, asks no index."""
    from harness import planning

    shown = planning.preview(Workspace(root=root.resolve()), planning.Choice.of(tier, select, environment, cell))
    print(planning.as_json(shown) if as_json else planning.as_text(shown))


@app.command()
def run(
    tier: Tier = None,
    select: Select = "",
    environment: Environments = NO_NAMES,
    cell: Cells = NO_NAMES,
    jobs: Annotated[int | None, typer.Option(help="Cells at once; as many as cores and memory allow if not given.", min=1)] = None,
    no_zygote: Annotated[bool, typer.Option("--no-zygote", help="A fresh interpreter for each cell instead of a fork.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Resolve again what was resolved already.")] = False,
    rerun: Annotated[bool, typer.Option("--rerun", help="Measure again what is known already.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a live display.")] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Don't render the report afterwards.")] = False,
    models_: Annotated[
        Models, typer.Option("--models", help="Small replicas that come with hubmatrix, or the published models, fetched and kept.")
    ] = Models.REPLICAS,
    hub_url: Annotated[
        str | None,
        typer.Option("--hub-url", help="With --models published: fetch from this server, not from the handles' own."),
    ] = None,
    as_json: AsJson = False,
    root: Root = HERE,
) -> None:
    """Measure the cells that are not known yet, then render the report. Ctrl-C keeps everything; the same command goes on."""
    from harness import planning
    from harness.run.engine import Options, perform
    from harness.run.progress import watcher

    if hub_url is not None and models_ is Models.REPLICAS:
        raise SpecError("only published models come from a server", place="--hub-url", hint="add --models published")
    place = Workspace(root=root.resolve())
    choice = planning.Choice.of(tier, select, environment, cell)
    made = planning.make(place, choice)
    options = Options(
        tier=choice.tier or "",
        selection=choice.text,
        models=f"published, from {hub_url}" if hub_url else models_.value,
        again=() if models_ is Models.REPLICAS else ("--models", models_.value, *(("--hub-url", hub_url) if hub_url else ())),
        jobs=jobs,
        preload=not no_zygote,
        refresh=refresh,
        rerun=rerun,
    )
    from harness import published, reporting

    supply = published.fetch(made.plan.models, place, hub_url, _progress) if models_ is Models.PUBLISHED else None
    results = perform(made.plan, made.cases, made.limits, place, options, watcher(plain=plain or as_json), supply)

    rendered = () if no_report else reporting.render_if_changed(place, results, made)
    summary = reporting.summary(place, results, rendered)
    print(json.dumps(summary.as_json()) if as_json else summary.as_text())
    if supply and (nothing := published.nothing_was_had(supply, made.plan.models)):
        raise nothing


@app.command()
def check(
    model: Annotated[str, typer.Argument(help="SavedModel folder, TF1 Hub module, .keras or .h5 file, .tar.gz, or a handle.")],
    tensorflow: Annotated[
        str, typer.Option(help="'2.15', '2.15,2.19' or '>=2.12,<2.16'; the versions of the quick tier if not given.")
    ] = "",
    install: Annotated[list[InstallPolicy], typer.Option(help="as-released (default) or today; repeatable.")] = AS_RELEASED,
    keras: Annotated[list[KerasChoice], typer.Option(help="default (default) or legacy; repeatable.")] = DEFAULT_KERAS,
    device: Annotated[list[Device], typer.Option(help="cpu, xla-cpu; both if not given.")] = EVERY_DEVICE,
    hub_url: Annotated[str | None, typer.Option("--hub-url", help="Ask this server for the handle, not the handle's own.")] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Also put the report's files into this folder.")] = None,
    look: Annotated[bool, typer.Option("--look", help="Only look into the model; run nothing.")] = False,
    jobs: Annotated[int | None, typer.Option(help="Cells at once; as many as cores and memory allow if not given.", min=1)] = None,
    rerun: Annotated[bool, typer.Option("--rerun", help="Measure again what is known already.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a live display.")] = False,
    as_json: AsJson = False,
    root: Root = HERE,
) -> None:
    """Run the matrix on a model of your own: what it is, which TensorFlow loads, calls, trains and saves it. Never writes into it.

    Loading a model runs what is in it: check only models that you trust.
    """
    from harness import checking

    place = Workspace(root=root.resolve())
    brought, inspected = checking.look_into(place, model, hub_url)
    if not as_json:
        _say(checking.told(brought, inspected))
    if look:
        print(json.dumps({"format": 1, "model": checking.facts(brought, inspected)}, indent=1)) if as_json else None
        return
    width = checking.Width(tensorflow=tensorflow, installs=tuple(install), keras=tuple(keras), devices=tuple(device))
    made = checking.make(place, brought, inspected, width)
    done = checking.run(made, jobs=jobs, rerun=rerun, plain=plain or as_json, folder=report)
    if as_json:
        print(json.dumps(checking.as_json(made, done), indent=1))
    else:
        _say(checking.table(done))
        _say(checking.last_words(made, done, width))


@app.command()
def report(
    run_file: RunFile = None,
    show: Annotated[bool, typer.Option("--show", help="Print it here; write nothing.")] = False,
    as_json: AsJson = False,
    root: Root = HERE,
) -> None:
    """Render a run as HTML, Markdown and JSON below reports/site."""
    from harness import reporting
    from harness.results import store

    place = Workspace(root=root.resolve())
    results = run_file or store.newest(place.runs)
    if show and not as_json:
        _say(reporting.shown(place, results))
        return
    summary = reporting.summary(place, results, reporting.render(place, results, None))
    print(json.dumps(summary.as_json()) if as_json else summary.as_text())


@app.command()
def results(
    run_file: RunFile = None,
    select: Select = "",
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of results.jsonl.")] = False,
    as_json: AsJson = False,
    root: Root = HERE,
) -> None:
    """Every cell of a run: axes, status, its cases with outcome, message and evidence, reused or new, lock and interpreter."""
    from harness import planning, reporting
    from harness.results import store
    from harness.results.format import LINE

    if schema:
        print(json.dumps(LINE.json_schema(), indent=1))
        return
    place = Workspace(root=root.resolve())
    interfaces = planning.interfaces(place) if select else None
    joined = reporting.joined(store.read(run_file or store.newest(place.runs)), select, interfaces)
    print(joined.model_dump_json(indent=1) if as_json else reporting.results_text(joined))


@app.command()
def claims(
    run_file: RunFile = None,
    as_json: AsJson = False,
    root: Root = HERE,
) -> None:
    """What documents assert, and what a run says to it: confirmed, refuted, varies or not measured, and in which versions."""
    from harness import claiming
    from harness.results import store

    place = Workspace(root=root.resolve())
    told = claiming.answer(place, run_file or store.newest(place.runs))
    if as_json:
        print(told.model_dump_json(indent=1))
    else:
        Console(highlight=False).print(claiming.as_table(told))


@app.command()
def models(
    names: Annotated[list[str] | None, typer.Argument(help="Model ids, e.g. bert-en/3; all if none is given.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Replace the committed replicas.")] = False,
    only_list: Annotated[bool, typer.Option("--list", help="Show what is shipped, and rebuild nothing.")] = False,
    as_json: AsJson = False,
    root: Root = HERE,
) -> None:
    """Rebuild the replicas with their publishers' exporters and verify the committed ones against them."""
    from harness import modelling

    if only_list and write:
        raise typer.BadParameter("--list rebuilds nothing, --write needs it", param_hint="--list")
    if only_list:
        outcome = modelling.listed(names or ())
    else:
        outcome = modelling.rebuild_all(Workspace(root=root.resolve()), names or (), write=write, tell=_progress)
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
    from harness import serving

    serving.serve(model, host=host, port=port, log=log, as_json=as_json, tell=lambda text: print(text, flush=True))


COMPILE_HELP = """Compile a program for a TPU ahead of time, with Google's own compiler and without a TPU, and say what comes out.

FILE holds HLO, the language between TensorFlow and XLA: an HloModuleProto, an HloProto as XLA dumps it, or text.

\b
From TensorFlow 2.5 on:
    compiled = tf.function(model, jit_compile=True)
    ir = compiled.experimental_get_compiler_ir(*inputs)(stage="hlo_serialized")
    open("forward.hlo.pb", "wb").write(ir)
From any program, all that XLA compiles in it (before_optimizations is what to take):
    XLA_FLAGS="--xla_dump_to=DIR --xla_dump_hlo_as_proto" python program.py

\b
    hubmatrix compile forward.hlo.pb --chip v5e
    hubmatrix compile step.hlo.pb --chip v4 --chips 4 --split 0,1     data-parallel: parameters 0 and 1 are the batch

Exit codes: 0 it compiles; 1 it doesn't: the compiler refuses it, in its own words, or dies of it; 2 an option is wrong;
5 FILE is no HLO; 6 the compiler can't be had here.
"""


@app.command("compile", help=COMPILE_HELP)
def compile_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The program.")],
    chip: Annotated[str, typer.Option(help="v2, v3, v4, v5e, v5p, v6e or 7x.")] = "v5e",
    chips: Annotated[int, typer.Option(help="Compile for so many chips (cores of v2, v3 and 7x).", min=1)] = 1,
    split: Annotated[
        str, typer.Option(help="Parameters that are cut along dimension 0 over the chips, by number: 0,1. Others are on each.")
    ] = "",
    as_json: AsJson = False,
    root: Root = HERE,
) -> None:
    from harness import compiling

    answer = compiling.compile_file(Workspace(root=root.resolve()), file, chip, chips, split)
    if as_json:
        print(json.dumps({"format": 1, "chip": chip, "chips": chips, **json.loads(answer.as_json())}, indent=1))
    else:
        _say(compiling.told(answer, chip, chips))
    raise typer.Exit(0 if compiling.is_compiled(answer) else NOT_COMPILED)


@app.command()
def compiler(
    port: Annotated[int, typer.Option(help="Where to listen; 0 takes a free port.", min=0, max=65535)] = 0,
    as_json: AsJson = False,
    root: Root = HERE,
) -> None:
    """Serve the TPU compiler to cases that are run by hand, on this machine only, until Ctrl-C. Needs no TPU."""
    from harness import compiling

    compiling.serve(Workspace(root=root.resolve()), port=port, as_json=as_json, tell=lambda text: print(text, flush=True))


@app.command()
def reproduce(
    names: Annotated[list[str] | None, typer.Argument(help="Ids of reports, also with * and ?; all if none is given.")] = None,
    category: Annotated[list[str], typer.Option("--category", help="Only reports of this category; repeatable.")] = NO_NAMES,
    listed: Annotated[bool, typer.Option("--list", help="Show what is known; run nothing.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of --json.")] = False,
    jobs: Annotated[
        int | None, typer.Option(help="Reports at once; as many as cores and memory allow if not given.", min=1)
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Resolve again what was resolved already.")] = False,
    rerun: Annotated[bool, typer.Option("--rerun", help="Run again what is known already.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a live display.")] = False,
    as_json: AsJson = False,
    root: Root = HERE,
) -> None:
    """Run what users reported again, with the versions they named, and compare. The list is cases/reported/reports.yaml."""
    from harness import reproducing
    from harness.reported import terminal, view
    from harness.reported.engine import Options

    if schema:
        print(json.dumps(view.schema(), indent=1))
        return
    place = Workspace(root=root.resolve())
    chosen = reproducing.select(place, names or (), category)
    if not listed:
        options = Options(jobs=jobs, refresh=refresh, rerun=rerun)
        reproducing.run(place, chosen, options, terminal.watcher(plain=plain or as_json))
        pages = reproducing.render(place, reproducing.table(place, chosen, every=True))
        _progress(f"page  {pages[0].relative_to(place.root)}")
    shown = reproducing.table(place, chosen)
    if as_json:
        print(view.as_json(shown), end="")
    else:
        terminal.show(shown)


@app.command()
def sizes(
    model: Annotated[list[str], typer.Option("--model", help="bert-base, small-bert; both if not given.")] = NO_NAMES,
    operation: Annotated[
        list[str], typer.Option("--operation", help="forward, adamw, sgd; the first two if not given.")
    ] = NO_NAMES,
    length: Annotated[list[int], typer.Option("--length", help="128 and 512 if not given; repeatable.")] = NO_LENGTHS,
    chip: Annotated[list[str], typer.Option("--chip", help="v5e and v4 if not given; repeatable.")] = NO_NAMES,
    listed: Annotated[bool, typer.Option("--list", help="Show what is known; measure nothing.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Also put the table into docs/tpu-sizes.md and its data beside.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of --json.")] = False,
    as_json: AsJson = False,
    root: Root = HERE,
) -> None:
    """The largest batch that fits a TPU chip, for models of true size, by the TPU compiler. No TPU is needed, but time is.

    Each compile takes half a minute to minutes; what was measured is kept. Ctrl-C is safe; the same command goes on.
    """
    from harness import sizing
    from harness.sizes import document, terminal

    if schema:
        print(json.dumps(document.schema(), indent=1))
        return
    place = Workspace(root=root.resolve())
    chosen = sizing.Chosen.of(model, operation, length, chip)
    found = sizing.measure(place, chosen, _progress, listed=listed)
    pages = sizing.write(place, found.every) if write else ()
    if as_json:
        print(sizing.as_json(found.shown), end="")
    else:
        terminal.show(found.shown)
    for page in pages:
        _progress(f"page  {page.relative_to(place.root)}")


@app.command()
def clean(
    with_results: Annotated[bool, typer.Option("--results", help="Also delete reports/runs and reports/site.")] = False,
    with_uv_cache: Annotated[bool, typer.Option("--uv-cache", help="Also let uv drop what no project needs.")] = False,
    as_json: AsJson = False,
    root: Root = HERE,
) -> None:
    """Free the disk: every venv, toolchain, lock and work folder. Results stay unless you ask."""
    from harness import cleaning

    freed = cleaning.clean(Workspace(root=root.resolve()), results=with_results, uv_cache=with_uv_cache)
    print(json.dumps(freed.as_json()) if as_json else freed.as_text())


@app.command()
def spec(
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of matrix.yaml, for editors.")] = False,
    as_json: AsJson = False,
    root: Root = HERE,
) -> None:
    """Check matrix.yaml, the cases and cases/claims.yaml: every problem at once, each with line and column."""
    from harness import planning
    from harness.spec import schema as schema_module

    if schema:
        print(schema_module.text(), end="")
        return
    made = planning.make(Workspace(root=root.resolve()), planning.Choice.of("full", "", (), ()))
    facts: dict[str, Any] = {
        "format": 1,
        "cells": len(made.plan.cells),
        "environments": len(made.plan.environments),
        "cases": len(made.cases),
        "claims": sum(len(document.claims) for document in made.documents),
    }
    text = f"matrix.yaml is valid: {facts['cells']} cells in {facts['environments']} environments, {facts['cases']} cases"
    text += f", {facts['claims']} claim{'s' * (facts['claims'] != 1)}" if facts["claims"] else ""
    print(json.dumps(facts) if as_json else text)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False) -> None:
    if show:
        print(f"hubmatrix {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; errors of ours are printed with place and hint, and exit with the code of their class."""
    try:
        app()
    except HubmatrixError as error:
        if "--json" in sys.argv:
            problems = [{"place": one.place, "message": one.message, "hint": one.hint} for one in error.problems]
            print(json.dumps({"format": 1, "error": error.slug, "problems": problems}))
        console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
        for problem in error.problems:
            console.print(f"error: {problem}")
        sys.exit(error.exit_code)


def _say(what: RenderableType) -> None:
    """On a terminal in its width and colours; in a pipe in lines that are not broken."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    Console(highlight=False, markup=False, width=None if console.is_terminal else PIPE_WIDTH).print(
        Text(what) if isinstance(what, str) else what, soft_wrap=isinstance(what, str)
    )


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
