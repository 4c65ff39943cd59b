"""The workflows call hubmatrix by commands and options that it has, and every part of the matrix is measured once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
from ruamel.yaml import YAML

from harness.cli import app

WORKFLOWS = sorted((Path(__file__).parents[2] / ".github" / "workflows").glob("*.yml"))


def steps(path: Path) -> list[dict[str, Any]]:
    document = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return [step for job in document["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_commands_and_options_exist(path: Path) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    calls = [line for step in steps(path) for line in re.findall(r"python3 -m harness (.+)", step.get("run", ""))]
    for call in calls:
        name, *arguments = call.split()
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert {argument for argument in arguments if argument.startswith("--")} <= options, call
    assert path.name != "matrix.yml" or [call.split()[0] for call in calls] == [
        "lock",
        "run",
        "results",
        "merge",
        "report",
        "results",
    ]


def test_every_part_is_measured_once() -> None:
    (path,) = [path for path in WORKFLOWS if path.name == "matrix.yml"]
    document = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    shards = document["jobs"]["measure"]["strategy"]["matrix"]["shard"]
    # The count is GitHub's own, so that it can't differ from the list.
    assert shards == list(range(1, len(shards) + 1))
    assert "strategy.job-total" in path.read_text(encoding="utf-8")
