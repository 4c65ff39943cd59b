"""What a person reads while a run goes on."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from rich.console import Console

from harness.cli import progress
from harness.cli.progress import PlainLines, ReproduceProgress, RunProgress, Screen, display
from harness.domain import Outcome, Status, Trouble
from harness.run.watcher import Stage
from harness.studies.reported.model import End, Expectation, Reproduction, ReproductionOutcome, Versions
from tests.unit.studies.reported.test_verdict import STEP


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines on stderr without their times."""
    captured = capsys.readouterr()
    assert captured.out == ""
    return [re.sub(r"^\[ *\d+\.\d s\] ", "", line) for line in captured.err.splitlines()]


def test_plain_lines(make: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with RunProgress(PlainLines()) as lines:
        lines.planned(3, 2, 1)
        lines.stage("tf-2_16_2-today", Stage.LOCKING)
        lines.stage("tf-2_16_2-today", Stage.LOCKED)
        lines.environment(make.environment_record())
        lines.environment(make.environment_record(id="e2", status=Status.IMPORT_FAILED, message="TypeError: no"))
        gone = {"status": Status.UNAVAILABLE, "trouble": Trouble.INTERPRETER, "message": "no CPython 3.6 on this machine"}
        lines.environment(make.environment_record(id="e3", **gone))
        lines.environment(make.environment_record(id="e4", status=Status.IMPORT_FAILED, message="again", reused=True))
        lines.case(make.case_record())
        lines.case(make.case_record(outcome=Outcome.FAILED, message="AssertionError"))
        lines.case(make.case_record(outcome=Outcome.CRASHED, message="the interpreter was ended by SIGSEGV"))
        lines.cell(make.cell_record(reused=True))
        lines.cell(make.cell_record())
        lines.cell(make.cell_record())
    assert told(capsys) == [
        "3 cells in 2 environments, 1 known already",
        "tf-2_16_2-today: locking",
        "e2: import_failed: TypeError: no",
        "e3: unavailable (interpreter): no CPython 3.6 on this machine",
        "cell-1: cases/test_a.py::test_a: crashed: the interpreter was ended by SIGSEGV",
        "3 of 3 cells, 3 cases run",
    ]


def test_many_cells_are_counted_by_twenty_five(make: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lines = RunProgress(PlainLines())
    lines.planned(60, 1, 0)
    for _ in range(60):
        lines.cell(make.cell_record())
    assert told(capsys)[1:] == [f"{done} of 60 cells, 0 cases run" for done in (25, 50, 60)]


def test_who_waits_hears_how_far_it_is(make: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells end late where they share cases: eight minutes of silence were seen, which look like a hang."""
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    lines = RunProgress(PlainLines())
    lines.planned(60, 1, 0)
    for now in (10.0, 29.0, 31.0, 40.0, 62.0):  # noqa: B007  (read by the clock)
        lines.case(make.case_record())
    lines.case(make.case_record(reused=True))
    assert told(capsys)[1:] == ["0 of 60 cells, 3 cases run", "0 of 60 cells, 5 cases run"]


def test_the_screen_takes_everything_that_lines_take(make: Any) -> None:
    """Messages hold brackets of pytest and TensorFlow, which are no markup."""
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with RunProgress(Screen(console, "cells")) as screen:
        screen.planned(3, 2, 0)
        screen.stage("tf-2_16_2-today", Stage.IMPORTING)
        screen.environment(make.environment_record(status=Status.IMPORT_FAILED, message="[/red] is no [bold] markup"))
        screen.case(make.case_record())
        screen.cell(make.cell_record())
        screen.stage("tf-2_16_2-today", Stage.CLOSED)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())  # type: ignore[attr-defined]
    assert "3 cells in 2 environments, 0 known already" in shown
    assert "[/red] is no [bold] markup" in shown


@pytest.mark.parametrize("reused", [False, True])
def test_a_line_for_each_reproduction_that_was_run_now(reused: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with ReproduceProgress(PlainLines()) as lines:
        lines.planned(3)
        for name in ("k3-a-1", "k3-a-2", "k3-a-3"):
            run = Reproduction(name=name, versions=Versions.CHOSEN, steps=(STEP,), expectation=Expectation(end=End.RAISED))
            lines.begun(run)
            lines.finished(run, ReproductionOutcome(end=End.FINISHED, step=0), reused=reused)
    texts = [f"{number} of 3  k3-a-{number}: not reproduced (finished)" for number in (1, 2, 3)]
    assert told(capsys) == (texts[-1:] if reused else texts)


def test_lines_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    for terminal in (True, False):
        monkeypatch.setattr(
            progress, "PlainConsole", lambda terminal=terminal, **_: Console(file=io.StringIO(), force_terminal=terminal)
        )
        for plain in (True, False):
            assert isinstance(display("cells", plain=plain), Screen if terminal and not plain else PlainLines)
