"""The benchmark that starts commands, at its smallest size: a store in which everything is known already."""

from __future__ import annotations

from pathlib import Path

from bench import targets
from bench.commands import ROOT

SMALLEST = "tensorflow=2.15.1 and format=h5 and text=without and install=as-released and model=bert-en/3 and device=cpu"


def test_targets(tmp_path: Path) -> None:
    costs = targets.measure(tmp_path, "quick", SMALLEST, ROOT, repeat=1, runs=1)
    assert [cost.command for cost in costs] == ["help", "plan quick", "run quick", "run quick, last of 1"]
    assert all(row in targets.as_text(costs) for row in ("help", "run quick, last of 1"))
    assert len(targets.as_json(costs)["commands"]) == 4
