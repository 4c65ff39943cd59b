"""What was observed, kept: also after a driver was killed in the middle of a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.studies.reported import journal
from harness.studies.reported.journal import Journal, ReproductionRecord, StepRecord
from harness.studies.reported.model import End


def record(key: str = "k", **values: Any) -> ReproductionRecord:
    known = {"reproduction": "r-1", "definition": "d", "steps": (StepRecord(requirements=("tensorflow==2.16.2",)),)}
    return ReproductionRecord(
        key=key, end=End.RAISED, step=0, seconds=1.5, recorded="2026-11-20T12:00:00+00:00", **(known | values)
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "reports" / "observed.jsonl"
    written = [record("a", message="ValueError: ü\n\x1b"), record("b", kinds=("KeyError", "LookupError"))]
    for one in written:
        Journal(path).write(one)
    assert list(journal.read_journal(path)) == written


def test_nothing_yet(tmp_path: Path) -> None:
    assert list(journal.read_journal(tmp_path / "none.jsonl")) == []


def test_a_torn_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "observed.jsonl"
    Journal(path).write(record("a"))
    with path.open("ab") as file:
        file.write(record("torn").model_dump_json().encode()[:60])
    Journal(path).write(record("b"))
    assert [one.key for one in journal.read_journal(path)] == ["a", "b"]


def test_lines_of_another_format_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "observed.jsonl"
    path.write_text('{"format": 2}\n[]\n')
    Journal(path).write(record("a"))
    assert [one.key for one in journal.read_journal(path)] == ["a"]
