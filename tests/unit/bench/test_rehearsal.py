"""The rehearsal compares what happened, and leaves out what differs between two runs of the same thing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.rehearsal import Rehearsal, RehearsedStep, differences, rehearse
from harness.domain import Outcome, Status


def test_equal_but_for_when_and_where(make: Any) -> None:
    facts = (make.environment_record(), make.case_record(), make.cell_record())
    later = (
        make.environment_record(recorded="later", seconds=3.0),
        make.case_record(recorded="later", run="other", cell="other", environment="other", seconds=2.0, message="at 0x2"),
        make.cell_record(recorded="later", reused=True),
    )
    assert list(differences(make.run(*facts), make.run(*later))) == []


@pytest.mark.parametrize(
    ("kind", "values", "difference"),
    [
        ("environment_record", {"lock": "other"}, "environment tf-2_16_2-as-released"),
        ("cell_record", {"status": Status.CRASHED}, "cell cell-1"),
        ("case_record", {"outcome": Outcome.FAILED}, "case cases/test_a.py::test_a  case-key"),
        ("case_record", {"measured": {"drift": 1.0}}, "case cases/test_a.py::test_a  case-key"),
    ],
)
def test_different(make: Any, kind: str, values: dict[str, Any], difference: str) -> None:
    before, after = make.run(getattr(make, kind)()), make.run(getattr(make, kind)(**values))
    assert list(differences(before, after)) == [difference]
    assert list(differences(before, make.run())) == [difference]


def test_nothing_goes_on_after_a_step_that_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    steps = [RehearsedStep(action=name, outcome="x", is_right=name != "b", seconds=1) for name in "abc"]
    monkeypatch.setattr(Rehearsal, "steps", lambda _self: iter(steps))
    lines: list[str] = []
    assert not rehearse(Rehearsal(project=tmp_path, base=tmp_path, shards=2, select=()), lines.append)
    assert lines == ["ok       1.0 s  a: x", "WRONG    1.0 s  b: x"]
