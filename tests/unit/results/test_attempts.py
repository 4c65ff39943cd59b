"""Attempts: of what was measured more than once, one counts, whatever order the facts come in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.domain import Outcome, Status
from harness.results.lines import lines_of, read_run
from harness.results.store import open_store

EARLY, LATE = "2026-11-01T12:00:00+00:00", "2026-11-02T12:00:00+00:00"


def test_the_newest_measurement_of_a_key_counts_with_all_its_variants(make: Any) -> None:
    old = [make.case_record(run="1", variant=variant, recorded=EARLY) for variant in ("a", "b")]
    new = [make.case_record(run="2", variant=variant, recorded=LATE, outcome=Outcome.FAILED) for variant in ("a", "b")]
    other = make.case_record(key="other", run="1")
    run = make.run(old[0], new[0], other, new[1], old[1])
    assert (run.cases, run.attempts) == ((new[0], other, new[1]), tuple(old))


def test_trouble_never_counts_beside_a_measurement(make: Any) -> None:
    measured, later = make.cell_record(recorded=EARLY), make.cell_record(recorded=LATE, status=Status.UNAVAILABLE)
    assert make.run(measured, later).cells == (measured,)
    only = make.environment_record(status=Status.UNAVAILABLE)
    assert make.run(only).environments == (only,)


@given(order=st.permutations(range(6)))
def test_the_order_decides_nothing(make: Any, order: list[int]) -> None:
    facts = [
        make.case_record(run="1", recorded=EARLY),
        make.case_record(run="2", recorded=EARLY),
        make.cell_record(recorded=EARLY, message="x"),
        make.cell_record(recorded=EARLY, message="y"),
        make.environment_record(recorded=EARLY),
        make.environment_record(recorded=LATE, status=Status.IMPORT_FAILED),
    ]
    run = make.run(*(facts[number] for number in order))
    assert (run.environments, run.cases, run.cells) == ((facts[5],), (facts[1],), (facts[3],))
    assert len(run.attempts) == 3


def test_attempts_are_kept_in_files_and_in_the_store(make: Any, tmp_path: Path) -> None:
    facts = [
        make.environment_record(recorded=EARLY),
        make.environment_record(recorded=LATE),
        make.case_record(run="1", recorded=EARLY),
        make.case_record(run="2", recorded=LATE),
        make.cell_record(recorded=EARLY),
        make.cell_record(recorded=LATE),
    ]
    run = make.run(*facts)
    path = tmp_path / "results.jsonl"
    path.write_text("".join(lines_of(run)))
    assert read_run(path) == run
    with open_store(tmp_path / "results.sqlite") as store:
        store.add(run)
        assert store.read(run.header.run) == run
