"""The command line: what it teaches, how it exits, what --json says."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner

from harness import __version__, cli
from harness.base.errors import (
    NO_SPACE,
    NOT_ALLOWED,
    TOO_LITTLE,
    TOO_MANY_FILES,
    HubmatrixError,
    Interrupted,
    MachineError,
    Problem,
    SpecError,
)
from harness.base.workspace import Workspace
from harness.cli.app import progress, say
from harness.commands import plan
from harness.results.format import CaseRef

COMMANDS = ("plan", "run", "report", "results", "claims", "models", "serve", "reproduce", "clean", "spec")


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def call(project: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """`call("plan", "--json")`: the program in a small project, with its exit code and what it printed."""
    monkeypatch.setenv("HUBMATRIX_ROOT", str(project.root))
    monkeypatch.setenv("COLUMNS", "100")

    def one(*argv: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["hubmatrix", *argv])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        code = caught.value.code
        assert code is None or isinstance(code, int)
        return Ended(code or 0, *capsys.readouterr())

    return one


def unwrapped(text: str) -> str:
    return " ".join(text.split())


def test_help_teaches_where_to_start() -> None:
    shown = CliRunner().invoke(cli.app, ["--help"])
    text = unwrapped(shown.output)
    assert shown.exit_code == 0
    assert "Which TensorFlow loads, runs, saves and reloads which Hub text model, with evidence." in text
    assert "Start with: hubmatrix run" in text
    assert "nox -s matrix" in text
    assert "hubmatrix plan --select 'tensorflow>=2.16 and model=bert-en/3 and not device=xla-cpu'" in text
    assert all(f" {command} " in text for command in COMMANDS)


def test_no_arguments_show_the_help() -> None:
    assert "Start with:" in CliRunner().invoke(cli.app, []).output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_has_json(command: str) -> None:
    shown = CliRunner().invoke(cli.app, [command, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert "--json" in shown.output
    assert ("--root" in shown.output) == (command != "serve"), "the replicas that are served come with hubmatrix"
    options = [line for line in shown.output.splitlines() if line.startswith("  --")]
    assert all(len(line.split("  ")) > 2 for line in options), "an option without help"


@pytest.mark.parametrize("command", ["plan", "run"])
def test_the_help_of_a_selection_shows_an_expression(command: str) -> None:
    text = unwrapped(CliRunner().invoke(cli.app, [command, "--help"]).output)
    assert "tensorflow>=2.16 and keras=legacy and format in (h5, keras)" in text
    assert "quick (default), full" in text


def test_version() -> None:
    shown = CliRunner().invoke(cli.app, ["--version"])
    assert (shown.exit_code, shown.output) == (0, f"hubmatrix {__version__}\n")


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["--tier", "slow"], "error: --tier: no tier 'slow' (hint: known: quick, full)\n"),
        (["--tier", "quik"], "error: --tier: no tier 'quik' (hint: did you mean 'quick'?)\n"),
        (["--select", "formt=h5"], "error: --select:1: unknown name 'formt' (hint: did you mean 'format'?)\n"),
        (["--select", "format=kers"], "error: --select:8: no format 'kers' (hint: did you mean 'keras'?)\n"),
        (
            ["--environment", "tf-2_16_2-tody"],
            "error: --environment: no environment 'tf-2_16_2-tody' (hint: did you mean 'tf-2_16_2-today'?)\n",
        ),
        (["--cell", "nope"], "error: --cell: no cell 'nope'\n"),
        (["--cell", "x y"], "error: --cell: no cell 'x y'\n"),
        (
            ["--cell", "tf-2_16_2-today--bert-en-3--h5--cpuu"],
            "error: --cell: no cell 'tf-2_16_2-today--bert-en-3--h5--cpuu'"
            " (hint: did you mean 'tf-2_16_2-today--bert-en-3--h5--cpu'?)\n",
        ),
    ],
)
def test_nothing_selected_exits_with_3_and_says_what_is_near(call: Any, command: str, argv: list[str], error: str) -> None:
    assert call(command, *argv) == Ended(3, "", error)


def test_errors_as_json_are_on_stdout_and_for_people_on_stderr(call: Any) -> None:
    ended = call("run", "--tier", "slow", "--json")
    assert ended.code == 3
    assert json.loads(ended.out) == {
        "format": 1,
        "error": "selection-empty",
        "problems": [{"place": "--tier", "message": "no tier 'slow'", "hint": "known: quick, full"}],
    }
    assert ended.err == "error: --tier: no tier 'slow' (hint: known: quick, full)\n"


@pytest.mark.parametrize("argv", [("plan", "--frob"), ("frob",), ("run", "--jobs", "0"), ("run", "--jobs", "many")])
def test_a_wrong_option_exits_with_2(call: Any, argv: tuple[str, ...]) -> None:
    ended = call(*argv)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Usage: ")
    assert "--help" in ended.err


def test_a_wrong_matrix_exits_with_2_and_every_problem(call: Any, project: Workspace) -> None:
    project.matrix.write_text(project.matrix.read_text().replace("device:", "devise:").replace("memory: 4 GiB", "memory: lots"))
    ended = call("spec")
    assert (ended.code, ended.out) == (2, "")
    lines = ended.err.splitlines()
    assert len(lines) >= 2
    assert all(line.startswith("error: matrix.yaml:") for line in lines)
    told = json.loads(call("spec", "--json").out)
    assert (told["error"], len(told["problems"])) == ("spec-invalid", len(lines))


def test_a_folder_without_a_matrix(call: Any, project: Workspace) -> None:
    project.matrix.unlink()
    assert call("spec") == Ended(2, "", "error: matrix.yaml: no such file (hint: run hubmatrix from the project's folder)\n")


@pytest.mark.parametrize("command", ["report", "results", "claims"])
def test_no_results_exit_with_4(call: Any, project: Workspace, command: str) -> None:
    assert call(command) == Ended(
        4, "", f"error: {project.results}: no run yet (hint: run `nox -s matrix` or `hubmatrix run` first)\n"
    )
    path = project.root / "absent.jsonl"
    told = call(command, "--run", str(path), "--json")
    assert (told.code, json.loads(told.out)["error"]) == (4, "results-unreadable")
    assert told.err == f"error: {path}: no results file: No such file or directory (hint: run `nox -s matrix` first)\n"


def test_a_valid_matrix(call: Any) -> None:
    assert call("spec") == Ended(0, "matrix.yaml is valid: 12 cells in 6 environments, 2 cases\n", "")
    assert json.loads(call("spec", "--json").out) == {"format": 1, "cells": 12, "environments": 6, "cases": 2, "claims": 0}


@pytest.mark.parametrize("command", ["spec", "results"])
def test_schemas(call: Any, command: str) -> None:
    assert isinstance(json.loads(call(command, "--schema").out), dict)


@pytest.fixture
def no_interpreters(monkeypatch: pytest.MonkeyPatch) -> None:
    async def none() -> dict[str, Any]:
        return {}

    monkeypatch.setattr(plan, "machine_interpreters", none)


@pytest.mark.usefixtures("no_interpreters")
def test_plan(call: Any) -> None:
    ended = call("plan", "--select", "tensorflow=2.16")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == "2 cells in 1 environments: 2 unavailable (interpreter)"
    cells = json.loads(call("plan", "--json").out)["cells"]
    assert [(cell["do"], cell["reason"]) for cell in cells] == [("unavailable", "interpreter")] * 4


def test_results(call: Any, project: Workspace, make: Any) -> None:
    make.keep(project, make.run(make.case_record(), make.cell_record()))
    assert call("results") == Ended(0, "cell-1: completed (1 passed)\n", "")
    assert call("results", "--select", "format=keras") == Ended(0, "\n", "")
    assert json.loads(call("results", "--json").out)["cells"][0]["id"] == "cell-1"


CLAIMS = """\
version: 1
documents:
  000_c0ff.txt:
    title: Why can't it load?
    claims:
      it-loads:
        says: It loads [in every version]
        measured_on: a [small] model
        cases: [{case: "cases/test_tiny.py::test_load", true_if: fails, match: not found}]
"""


def test_claims(call: Any, project: Workspace, make: Any) -> None:
    project.claims.write_text(CLAIMS)
    assert call("spec").out == "matrix.yaml is valid: 12 cells in 6 environments, 2 cases, 1 claim\n"
    ref = CaseRef(case="cases/test_tiny.py::test_load", key="case-key")
    make.keep(project, make.run(make.case_record(case=ref.case), make.cell_record(cases=(ref,))))
    told = call("claims")
    assert (told.code, told.err) == (0, "")
    assert "Why can't it load? (000_c0ff.txt)" in told.out
    assert "✕ refuted" in told.out
    assert "It loads [in every version]" in told.out
    assert "refuted in 2.16" in told.out
    assert "measured on a [small] model" in told.out
    (document,) = json.loads(call("claims", "--json").out)["documents"]
    assert (document["file"], document["claims"][0]["answer"]) == ("000_c0ff.txt", "refuted")


def test_claims_that_are_wrong_exit_with_2_wherever_they_are_read(call: Any, project: Workspace) -> None:
    project.claims.write_text(CLAIMS.replace("test_load", "test_lode"))
    for command in ("spec", "plan", "run"):
        told = call(command)
        assert told.code == 2
        assert "claims.yaml:9:24: documents.000_c0ff.txt.claims.it-loads.cases[0].case" in told.err
        assert "did you mean 'cases/test_tiny.py::test_load'?" in told.err


def test_report(call: Any, project: Workspace, make: Any) -> None:
    make.keep(project, make.run(make.cell_record()))
    ended = call("report", "--json")
    assert json.loads(ended.out)["page"] == "reports/site/index.html"
    assert (project.site / "index.html").is_file()


def test_clean(call: Any, project: Workspace) -> None:
    project.venvs.mkdir(parents=True)
    assert json.loads(call("clean", "--json").out)["removed"] == [".hubmatrix/venvs"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SpecError("x"), 2),
        (MachineError("uv is not installed"), 6),
        (Interrupted("interrupted"), 130),
        (HubmatrixError("x"), 1),
    ],
)
def test_every_error_has_its_exit_code(call: Any, monkeypatch: pytest.MonkeyPatch, error: HubmatrixError, code: int) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(plan, "make_run_plan", fail)
    assert call("spec") == Ended(code, "", f"error: {error}\n")


def test_brackets_in_an_error_are_no_markup_and_long_ones_are_not_folded(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem(location="matrix.yaml:1:1", message="[/red] " + "long " * 60 + "end", hint="[bold]")

    def fail(*_: object) -> None:
        raise SpecError.of((problem,))

    monkeypatch.setattr(plan, "make_run_plan", fail)
    assert call("spec").err == f"error: {problem}\n"


@pytest.mark.parametrize(
    ("trouble", "text"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/p/.hubmatrix/x"),
            f"/p/.hubmatrix/x: No space left on device (hint: {NO_SPACE})",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "/p/reports"), f"/p/reports: Permission denied (hint: {NOT_ALLOWED})"),
        (OSError(errno.EROFS, "Read-only file system", "a", None, "b"), f"a -> b: Read-only file system (hint: {NOT_ALLOWED})"),
        (OSError(errno.EMFILE, "Too many open files"), f"Too many open files (hint: {TOO_MANY_FILES})"),
        (OSError(errno.EIO, "Input/output error", b"/p"), "/p: Input/output error"),
        (MemoryError(), f"out of memory (hint: {TOO_LITTLE})"),
        (RuntimeError("can't start new thread"), f"can't start new thread (hint: {TOO_LITTLE})"),
    ],
)
def test_trouble_of_the_machine_exits_with_6(call: Any, monkeypatch: pytest.MonkeyPatch, trouble: Exception, text: str) -> None:
    def fail(*_: object) -> None:
        raise trouble

    monkeypatch.setattr(plan, "make_run_plan", fail)
    assert call("spec") == Ended(6, "", f"error: {text}\n")
    assert json.loads(call("spec", "--json").out)["error"] == "machine"


def test_output_that_cant_be_written_exits_with_6(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Python itself would end with 120, and a traceback, as it flushes at its exit."""
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        monkeypatch.setattr(sys, "argv", ["hubmatrix", "--version"])
        with pytest.raises(SystemExit) as caught:
            cli.main()
    assert caught.value.code == 6
    assert capfd.readouterr().err == f"error: No space left on device (hint: {NO_SPACE})\n"


HOSTILE = "layer\x1b]0;title\x1b\\ \x1b[2J[bold]x[/bold] :x: \x9b1m\u202e"
HARMLESS = "layer [bold]x[/bold] :x: <U+009B>1m<U+202E>"


def test_what_comes_from_elsewhere_is_shown_as_it_is(
    call: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise SpecError(HOSTILE)

    monkeypatch.setattr(plan, "make_run_plan", fail)
    assert call("spec").err == f"error: {HARMLESS}\n"
    table = Table(box=None, show_header=False)
    table.add_row(Text(HOSTILE))
    say(HOSTILE)
    say(table)
    progress(HOSTILE)
    shown = capsys.readouterr()
    text, in_table, told = (line.strip() for line in (shown.out + shown.err).splitlines())
    assert text == told == HARMLESS
    assert HARMLESS.startswith(in_table)  # cut to the width that the text had with its control characters
    assert in_table.startswith("layer [bold]x[/bold] :x: <U+009B>")
