"""Cases without a model are run in cells of their own, which have none."""

from __future__ import annotations

from collections.abc import Callable

from harness.domain import Status
from harness.results.format import CellRecord
from harness.results.run import Run
from tests.minis.project import Mini, outcomes

Make = Callable[..., Mini]

CONFTEST = """
import os
import pytest

@pytest.fixture
def model():
    return os.environ["HUBMATRIX_MODEL"]

@pytest.fixture
def save_format():
    return os.environ["HUBMATRIX_FORMAT"]
"""
CASES = """
import os

def test_loads(model): assert model.endswith(".json")
def test_plain(): assert "HUBMATRIX_MODEL" not in os.environ
def test_saves(save_format): assert save_format != "keras"
"""


def by_model(run: Run, model: str) -> list[CellRecord]:
    return [cell for cell in run.cells if cell.axes.model == model]


def test_a_failure_without_a_model_is_no_models(mini: Make) -> None:
    project = mini({"conftest.py": CONFTEST, "test_x.py": CASES}, formats="h5, keras", devices="cpu, xla-cpu")
    run = project.run()
    assert sorted(outcomes(run).items()) == [("test_loads", "passed"), ("test_plain", "passed"), ("test_saves", "failed")]
    names = {ref.case.rpartition("::")[2] for cell in by_model(run, "bert-en/3") for ref in cell.cases}
    assert (names, len(by_model(run, "bert-en/3"))) == ({"test_loads"}, 4)
    plain = by_model(run, "")
    assert sorted(cell.id.partition("--")[2] for cell in plain) == ["no-model--h5--cpu", "no-model--keras--cpu"]
    assert {cell.status for cell in run.cells} == {Status.COMPLETED}
    assert {record.cell for record in run.cases if "model" not in record.uses} == {cell.id for cell in plain}

    again = project.run("--cell", plain[0].id)
    assert [(cell.id, cell.reused) for cell in again.cells] == [(plain[0].id, True)]
    assert {cell.axes.model for cell in project.run("--select", "model=none").cells} == {""}
