"""What one checkout measured and accepted, another one shows without measuring anything."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from harness.base.workspace import Workspace
from harness.results.run import Run
from tests.minis.project import Mini, outcomes

Make = Callable[..., Mini]

CASES = """
import os
import pytest

@pytest.fixture
def model():
    return os.environ["HUBMATRIX_MODEL"]

def test_loads(model): pass
def test_saves(model): raise ValueError(f"no {model} at {id(model):#x}")

@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_plain(optimizer, record_property):
    record_property("drift", 0.5)
    assert optimizer == "SGD"
"""


def shown(project: Mini, *arguments: str) -> str:
    ended = project.command("results", *arguments)
    assert ended.code == 0, ended.stderr
    return "\n".join(sorted(line.partition(" at 0x")[0] for line in ended.stdout.splitlines()))


def test_a_clone_shows_what_was_accepted(mini: Make) -> None:
    project = mini({"test_x.py": CASES}, formats="h5, keras")
    run: Run = project.run()
    accepted = project.command("baseline", "accept")
    assert (accepted.code, accepted.stdout.splitlines()[1]) == (0, "results  4 new; 0 the same")
    # Everything is measured anew: another process, other times and addresses.
    project.run("--rerun")
    again = project.command("baseline", "accept")
    assert again.stdout.splitlines()[1:] == [
        "results  none is different; 4 the same",
        again.stdout.splitlines()[2],
    ]
    assert again.stdout.splitlines()[2].startswith("files    no file changes ")

    clone = project.copy("clone")
    shutil.copytree(Workspace(root=project.root).baseline, Workspace(root=clone.root).baseline)
    report = clone.command("report")
    assert report.code == 0
    assert report.stderr.startswith("no run here yet; taking the baseline of ")
    page = Workspace(root=clone.root).site / "index.html"
    assert "as in the committed baseline of " in page.read_text()
    assert outcomes(run)["test_saves"] == "failed"
    assert shown(clone) == shown(project)

    broken = Workspace(root=clone.root).baseline / "cases.txt"
    broken.write_text(broken.read_text().replace("test_loads", "test_leads"))
    assert clone.command("report").code == 4
