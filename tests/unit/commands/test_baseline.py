"""Accepting what the store knows, and reading it where nothing was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from harness.base.errors import ResultsError, SelectionError
from harness.base.workspace import Workspace
from harness.cli import app
from harness.commands import baseline
from harness.domain import Outcome, Status
from harness.results.baseline.reading import read_files
from harness.results.lines import lines_of
from harness.results.store import load_run, open_store
from tests.unit.results.test_baseline import FAILURE, essence, passed, whole_run


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(root=tmp_path)


def failing(case: str, *_: object) -> list[dict[str, Any]]:
    return [{"outcome": Outcome.FAILED, "failure": FAILURE}] if case.endswith("test_none") else [{}]


def test_what_the_store_knows_is_written_and_read(workspace: Workspace, make: Any) -> None:
    run = whole_run(make, passed)
    make.keep(workspace, run)
    accepted = baseline.accept(workspace)
    size = sum(len(text.encode()) for text in read_files(workspace.baseline).values())
    assert accepted.as_text() == (
        f"cells    24 new\nresults  26 new; 0 the same\nfiles    3 files written (reports/baseline, {size:,} bytes)"
    )
    assert essence(load_run(workspace.results, "baseline", workspace.baseline)) == essence(run)
    assert baseline.accept(workspace).as_text() == (
        "cells    none is different\n"
        "results  none is different; 26 the same\n"
        f"files    no file changes (reports/baseline, {size:,} bytes)"
    )
    assert baseline.summarize(workspace).as_text() == (
        f"2.16.2-as-released      2026-11-30      26 results  24 completed\n26 results, 24 cells: 24 completed; {size:,} bytes"
    )


def test_the_newest_fact_counts(workspace: Workspace, make: Any) -> None:
    later = {"run": "20261201-120000-abcdef", "started": "2026-12-01T12:00:00+00:00"}
    offline = {"run": "20261202-120000-abcdef", "started": "2026-12-02T12:00:00+00:00"}
    make.keep(workspace, whole_run(make, passed))
    make.keep(workspace, whole_run(make, failing, day="2026-12-01", **later))
    make.keep(workspace, whole_run(make, passed, day="2026-12-02", status=lambda _: Status.UNAVAILABLE, **offline))
    baseline.accept(workspace)
    shown = load_run(workspace.results, "baseline", workspace.baseline)
    assert shown.header.run == "baseline of 2026-12-01"
    assert {record.outcome for record in shown.cases if record.case.endswith("test_none")} == {Outcome.FAILED}
    assert {cell.status for cell in shown.cells} == {Status.COMPLETED}


def test_only_what_is_selected_is_replaced(workspace: Workspace, make: Any) -> None:
    make.keep(workspace, whole_run(make, passed))
    baseline.accept(workspace)
    later = {"run": "20261201-120000-abcdef", "started": "2026-12-01T12:00:00+00:00"}
    make.keep(workspace, whole_run(make, failing, day="2026-12-01", **later))
    before = read_files(workspace.baseline)
    trial = baseline.accept(workspace, select="text=with", dry_run=True)
    assert read_files(workspace.baseline) == before
    assert trial.as_text().startswith(
        "cells    none is different\nresults  1 with another outcome or failure; 25 the same\nfiles    2 files would be written"
    )
    assert baseline.accept(workspace, select="text=with").changes == trial.changes
    assert baseline.accept(workspace).changes.changed == 1


def test_a_named_run_or_file(workspace: Workspace, make: Any, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.jsonl"
    file.write_text("".join(lines_of(whole_run(make, passed))))
    assert baseline.accept(workspace, [str(file)]).changes.added == 26
    published = tmp_path / "published.jsonl"
    published.write_text("".join(lines_of(whole_run(make, passed, models="published"))))
    with pytest.raises(ResultsError, match="measured other models than those that are shipped: published"):
        baseline.accept(workspace, [str(published)])


def test_nothing_to_accept(workspace: Workspace, make: Any) -> None:
    with pytest.raises(ResultsError, match="no run to accept"):
        baseline.accept(workspace)
    make.keep(workspace, whole_run(make, passed))
    with pytest.raises(
        SelectionError, match="nothing that was measured is selected by 'text=with and model=bert-en/3 and device=gpu'"
    ):
        baseline.accept(workspace, select="text=with and model=bert-en/3 and device=gpu")
    assert not workspace.baseline.exists()


def test_a_broken_baseline_is_never_written_over(workspace: Workspace, make: Any) -> None:
    make.keep(workspace, whole_run(make, passed))
    baseline.accept(workspace)
    (workspace.baseline / "cases.txt").write_text("mine\n")
    before = read_files(workspace.baseline)
    with pytest.raises(ResultsError, match=r"cases.txt:1: this is not form 1 of the baseline"):
        baseline.accept(workspace)
    assert read_files(workspace.baseline) == before


def test_without_a_run_the_baseline_is_read(workspace: Workspace, make: Any, tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="no run yet"):
        load_run(workspace.results, None, workspace.baseline)
    with pytest.raises(ResultsError, match="there is no baseline"):
        load_run(workspace.results, "baseline", workspace.baseline)
    make.keep(workspace, whole_run(make, passed))
    baseline.accept(workspace)
    clone = Workspace(root=tmp_path / "clone")
    clone.root.mkdir()
    (clone.root / "reports").mkdir()
    workspace.baseline.rename(clone.baseline)
    assert load_run(clone.results, None, clone.baseline).header.run == "baseline of 2026-11-30"
    with open_store(clone.results):
        pass  # a store without a run, as an interrupted start leaves it
    assert load_run(clone.results, None, clone.baseline).header.run == "baseline of 2026-11-30"
    make.keep(clone, whole_run(make, passed))
    assert load_run(clone.results, None, clone.baseline).header.run == "20261120-120000-abcdef"


def test_commands_say_that_they_show_the_baseline(workspace: Workspace, make: Any) -> None:
    make.keep(workspace, whole_run(make, passed))
    root = ["--root", str(workspace.root)]
    accepted = CliRunner().invoke(app, ["baseline", "accept", "--json", *root])
    assert accepted.exit_code == 0
    assert '"added": 26' in accepted.stdout
    workspace.results.unlink()
    results = CliRunner().invoke(app, ["results", "--select", "text=with and device=cpu", *root])
    assert results.stderr == "no run here yet; taking the baseline of 2026-11-30 (reports/baseline)\n"
    assert results.stdout.startswith("tf-2_16_2-as-released-text--no-model--h5--cpu: completed (2 passed)\n")
    named = CliRunner().invoke(app, ["results", "--run", "baseline", *root])
    assert named.stderr == "taking the baseline of 2026-11-30 (reports/baseline)\n"
    shown = CliRunner().invoke(app, ["baseline", "show", "--json", *root])
    assert '"cells": {"completed": 24}' in shown.stdout
