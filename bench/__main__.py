"""The command line of the benchmarks. Prints a table; with --json also writes every single measurement to a file."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from bench import baseline as baseline_module
from bench import cases as cases_module
from bench import compiler as compiler_module
from bench import environments as environments_module
from bench import installers as installers_module
from bench import noop as noop_module
from bench import plan as plan_module
from bench import rehearsal as rehearsal_module
from bench import report as report_module
from bench import sabotage as sabotage_module
from bench import speed as speed_module
from bench import targets as targets_module
from bench.commands import ROOT, CommandFailed, folder
from bench.tools import ToolName
from harness.base.errors import HubmatrixError
from harness.base.workspace import Workspace
from harness.results.lines import read_run

HELP = """How fast hubmatrix is: beside other tools, for one environment, and with nothing to do.

Everything happens in a folder of its own that is removed at the end. What is installed is fetched first, without the clock.
Run on a quiet machine; nothing asserts a timing.

    python -m bench speed --tensorflow 2.15.1 --cells 2 --tools hubmatrix,tox     a look
    python -m bench speed                                                         all of it: 120 cells, twice, under each
    python -m bench environments --select 'install=as-released and tensorflow>=2.16'
    python -m bench noop --cells 40
    python -m bench targets --runs 200
    python -m bench plan                                                          100,000 and a million cells
    python -m bench report --models 1
    python -m bench cases --tensorflow 2.15.1 --model bert-en/3
    python -m bench compiler --tensorflow 2.15.1
    python -m bench baseline --run results.jsonl --copies 17                      no measuring: write, read and show the full tier
    python -m bench installers                                                    no timing: our locks beside real pip and uv
    python -m bench sabotage --case cases/saving                                  no timing: whether cases can fail
    python -m bench rehearse --shards 4                                           no timing: shards, killed, torn, put together
"""

app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

VERSIONS = ["2.8.4", "2.15.1", "2.19.1"]
UNPINNED = "install in (today, today-uv) and keras=default and text=without and device=cpu"
SELECT = f"install=as-released and keras=default and tensorflow in ({', '.join(VERSIONS)})"
TOOLS = ",".join(tool.value for tool in ToolName)

Versions = Annotated[list[str], typer.Option("--tensorflow", help="A TensorFlow of matrix.yaml, as released; repeatable.")]
Repeat = Annotated[int, typer.Option(help="Measure so many times and show the median.", min=1)]
Json = Annotated[Path | None, typer.Option("--json", help="Write every measurement to this file.", dir_okay=False)]
Keep = Annotated[bool, typer.Option("--keep", help="Keep the folder, to look into it.")]
Inside = Annotated[Path, typer.Option("--in", help="Where the folder is made: on the file system of uv's cache, for hard links.")]
BENCHES = Workspace(root=ROOT).state


@app.command()
def speed(
    tools: Annotated[str, typer.Option(help="Which tools, in the order they run first.")] = TOOLS,
    cells: Annotated[list[int], typer.Option(help="Cells in each environment; repeatable.", min=1)] = [4, 40],  # noqa: B006
    tensorflow: Versions = VERSIONS,
    repeat: Repeat = 1,
    json_file: Json = None,
    keep: Keep = False,
    inside: Inside = BENCHES,
) -> None:
    """Time the same cells through hubmatrix, tox (tox-uv, parallel) and nox (virtualenv, pip), fresh and again, beside the limit.

    A cell loads a replica and checks what it encodes. Under every tool it is a process of its own, which leaves a receipt;
    the receipts are counted. tox makes a venv a cell (by hard links), nox one a TensorFlow (copies, up to 2 GB each).
    """
    names = [_tool(name) for name in tools.split(",")]
    with folder(inside, keep=keep) as base:
        timings = speed_module.measure(base, tensorflow, sorted(set(cells)), names, repeat)
    _show(speed_module.as_text(timings), speed_module.as_json(timings), json_file)


@app.command()
def environments(
    select: Annotated[str, typer.Option(help="Which environments of matrix.yaml, as in `hubmatrix run --select`.")] = SELECT,
    repeat: Repeat = 3,
    json_file: Json = None,
    keep: Keep = False,
    inside: Inside = BENCHES,
) -> None:
    """Time how long each environment takes to build from a warm cache."""
    with folder(inside, keep=keep) as base:
        timings = environments_module.measure(base, select, repeat)
    _show(environments_module.as_text(timings), environments_module.as_json(timings), json_file)


@app.command()
def noop(
    cells: Annotated[int, typer.Option(help="Cells in each environment.", min=1)] = 4,
    nox: Annotated[bool, typer.Option("--nox", help="Also `nox -s matrix` here; it measures what is missing first.")] = False,
    tensorflow: Versions = VERSIONS,
    repeat: Repeat = 3,
    json_file: Json = None,
    keep: Keep = False,
    inside: Inside = BENCHES,
) -> None:
    """Time `hubmatrix run` when every cell has a result already."""
    with folder(inside, keep=keep) as base:
        timings = noop_module.measure(base, tensorflow, cells, repeat, nox=nox)
    _show(noop_module.as_text(timings), noop_module.as_json(timings), json_file)


@app.command()
def plan(
    models: Annotated[list[int], typer.Option(help="Models in the matrix, about 600 cells each; repeatable.", min=1)] = [166, 1660],  # noqa: B006
    repeat: Repeat = 3,
    json_file: Json = None,
) -> None:
    """Count the CPU seconds and the memory of plans of 100,000 and a million cells."""
    costs = plan_module.measure(models, repeat)
    _show(plan_module.as_text(costs), plan_module.as_json(costs), json_file)


@app.command()
def targets(
    tier: Annotated[str, typer.Option(help="A tier of matrix.yaml.")] = "quick",
    select: Annotated[str, typer.Option(help="Only these cells of it, as in `hubmatrix run --select`.")] = "",
    code: Annotated[Path, typer.Option(help="The checkout whose harness/ is run.", file_okay=False)] = ROOT,
    runs: Annotated[int, typer.Option(help="So many more runs that do nothing, to see the store grow.", min=0)] = 0,
    repeat: Repeat = 3,
    json_file: Json = None,
    keep: Keep = False,
    inside: Inside = BENCHES,
) -> None:
    """Count the CPU seconds of commands where all is measured. Needs no TensorFlow: locks and results are invented."""
    with folder(inside, keep=keep) as base:
        costs = targets_module.measure(base, tier, select, code, repeat, runs)
    _show(targets_module.as_text(costs), targets_module.as_json(costs), json_file)


@app.command()
def report(
    models: Annotated[int, typer.Option(help="Models in an invented run, 360 cells each.", min=1)] = 56,
    browser: Annotated[bool, typer.Option(help="Also in Chromium.")] = True,
) -> None:
    """Time the report of an invented run, its size, and what a browser takes to filter it."""
    report_module.measure(models, browser=browser)


@app.command()
def cases(
    tensorflow: Versions = VERSIONS,
    model: Annotated[list[str], typer.Option(help="A model of matrix.yaml; repeatable, all of them if none is given.")] = [],  # noqa: B006
    rerun: Annotated[bool, typer.Option("--rerun", help="Measure again even what has a result.")] = False,
    run_file: Annotated[Path | None, typer.Option("--run", help="Read this exported run; run nothing.", dir_okay=False)] = None,
    json_file: Json = None,
) -> None:
    """Count the CPU seconds of all cases of a model in an environment, imports left out, and show the slowest cases.

    Runs in this project, one cell at a time. Cases that have a result aren't measured again, and keep their CPU seconds.
    """
    costs = cases_module.costs_of(read_run(run_file) if run_file else cases_module.measure(tensorflow, model, rerun=rerun))
    _show(cases_module.as_text(costs), cases_module.as_json(costs), json_file)


@app.command()
def baseline(
    run_file: Annotated[
        Path | None, typer.Option("--run", help="Repeat this exported run; a made-up one if not given.", dir_okay=False)
    ] = None,
    copies: Annotated[int, typer.Option(help="For so many TensorFlows; 1 is quick enough for CI.", min=1)] = 1,
    render: Annotated[
        bool, typer.Option("--render/--no-render", help="Also render the site, with the cases of this project.")
    ] = True,
    json_file: Json = None,
    keep: Keep = False,
    inside: Inside = BENCHES,
) -> None:
    """Count bytes and CPU seconds of the baseline: written from a run, read, and shown as a site."""
    with folder(inside, keep=keep) as base:
        run = read_run(run_file) if run_file else baseline_module.made_up()
        figures = baseline_module.measure(base, run, copies, render=render)
    _show(baseline_module.as_text(figures), baseline_module.as_json(figures), json_file)


@app.command()
def compiler(
    tensorflow: Versions = VERSIONS,
    json_file: Json = None,
    keep: Keep = False,
    inside: Inside = BENCHES,
) -> None:
    """Time the TPU compiler: the forward pass of each TF2 encoder, as these TensorFlows (2.5 or later) write it, for each chip."""
    with folder(inside, keep=keep) as base:
        compilations = compiler_module.measure(base, tensorflow)
    _show(compiler_module.as_text(compilations), compiler_module.as_json(compilations), json_file)


@app.command()
def installers(
    select: Annotated[str, typer.Option(help="Which environments of matrix.yaml that have no date.")] = UNPINNED,
    json_file: Json = None,
    keep: Keep = False,
    inside: Inside = BENCHES,
) -> None:
    """Compare our locks with what `python -m venv` with its pip, and `uv venv` with uv, would install, package by package."""
    with folder(inside, keep=keep) as base:
        comparisons = installers_module.measure(base, select)
    _show(installers_module.as_text(comparisons), installers_module.as_json(comparisons), json_file)


@app.command()
def sabotage(
    tensorflow: Annotated[str, typer.Option(help="A TensorFlow 2 of matrix.yaml, as released.")] = "2.15.1",
    select: Annotated[str, typer.Option(help="Which cells, as in `hubmatrix run --select`.")] = sabotage_module.SELECT,
    names: Annotated[list[str], typer.Option("--sabotage", help="A sabotage; repeatable, all of them if none is given.")] = [],  # noqa: B006
    case: Annotated[list[str], typer.Option(help="Part of a case's id; repeatable, all of them if none is given.")] = [],  # noqa: B006
    every: Annotated[bool, typer.Option("--every", help="All sabotages over all that they touch, for a full table.")] = False,
    jobs: Annotated[int, typer.Option(help="Cells at a time.", min=1)] = 1,
    json_file: Json = None,
) -> None:
    """Show whether cases can fail: what each does when weights, outputs, gradients, files, compiler or server are wrong.

    Exits with 1 where a case stays green under every sabotage that touches it without saying why in bench/right.py, where such a
    reason isn't needed any more, or where a way to do a user's task doesn't notice that it is taken away. What is known is not
    measured again.
    """
    result = sabotage_module.measure(tensorflow, select, sabotage_module.chosen_sabotages(names), case, jobs, every=every)
    _show(sabotage_module.as_text(result), sabotage_module.as_json(result), json_file)
    if not sabotage_module.is_good(result):
        raise typer.Exit(1)


@app.command()
def rehearse(
    select: Annotated[
        str, typer.Option(help="Which cells of the full tier, as in `hubmatrix run --select`.")
    ] = rehearsal_module.SELECT,
    shards: Annotated[int, typer.Option(help="In how many parts.", min=2)] = 3,
    keep: Keep = False,
    inside: Inside = BENCHES,
) -> None:
    """Lock, measure in shards, each in a clean folder and process, put together, and compare with the whole plan on one machine.

    One shard is killed and run again; what is torn, missing, of another plan or contradicts itself must be refused. Exits with 1
    where anything is not as it should be.
    """
    with folder(inside, keep=keep) as base:
        options = ("--tier", "full", "--select", select)
        rehearsal = rehearsal_module.Rehearsal(project=ROOT, base=base, shards=shards, select=options)
        if not rehearsal_module.rehearse(rehearsal, lambda line: print(line, flush=True)):
            raise typer.Exit(1)


def _tool(name: str) -> ToolName:
    try:
        tool = ToolName(name)
    except ValueError:
        raise typer.BadParameter(f"no tool {name!r}; there are: {TOOLS}", param_hint="--tools") from None
    if tool is not ToolName.HUBMATRIX and find_spec(name) is None:
        hint = "`python3 -m nox -s bench -- speed` brings it"
        raise typer.BadParameter(f"{name} isn't installed for {sys.executable}; {hint}", param_hint="--tools")
    return tool


def _show(text: str, facts: dict[str, Any], file: Path | None) -> None:
    print(text)
    if file:
        file.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Run the command line; errors of ours are printed without a traceback."""
    try:
        app(prog_name="python -m bench")
    except HubmatrixError as error:
        sys.exit("\n".join(f"error: {problem}" for problem in error.problems))
    except CommandFailed as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
