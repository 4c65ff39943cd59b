"""What is reused of earlier runs, and what never is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.domain import Status, Trouble
from harness.results.format import FORMAT, READABLE, Line
from harness.results.history import History, look_up
from harness.results.store import FILE, Writer


@pytest.fixture
def run(make: Any, tmp_path: Path) -> Any:
    """`run(name, *records)`: a results file. No footer: a run that was cut off counts."""

    def one(name: str, *records: Line, footer: bool = False, **header: Any) -> Path:
        path = tmp_path / name / FILE
        with Writer(path, make.header(run=name, **header)) as writer:
            for record in records:
                writer.write(record)
            if footer:
                writer.close(finished="later", interrupted=False)
        return path

    return one


def wanted(*files: Path, cases: str = "a b c", environments: str = "e f", cells: str = "x y") -> History:
    return look_up(files, cases=cases.split(), environments=environments.split(), cells=cells.split())


def test_nothing_is_known_of_no_runs() -> None:
    assert wanted() == History()


def test_only_wanted_keys(run: Any, make: Any) -> None:
    path = run("1", make.environment_record(key="other"), make.case_record(key="other"), make.case_record(key="a"))
    found = wanted(path)
    assert (set(found.cases), set(found.environments), set(found.cells)) == ({"a"}, set(), set())


def test_the_newest_wins_and_older_runs_fill_what_is_missing(run: Any, make: Any) -> None:
    older = run(
        "1", make.environment_record(key="e", message="old"), make.case_record(key="a", message="old"), make.case_record(key="b")
    )
    newer = run("2", make.environment_record(key="e", message="new"), make.case_record(key="a", message="new"))
    found = wanted(newer, older)
    assert found.environments["e"].message == "new"
    assert [one.message for one in found.cases["a"]] == ["new"]
    assert len(found.cases["b"]) == 1


def test_older_runs_are_not_read_once_all_is_known(run: Any, make: Any, tmp_path: Path) -> None:
    newer = run("2", make.environment_record(key="e"), make.case_record(key="a"))
    found = look_up([newer, tmp_path / "absent"], cases=["a"], environments=["e"], cells=["x"])
    assert set(found.cases) == {"a"}


def test_a_torn_file_counts_up_to_the_tear(run: Any, make: Any) -> None:
    path = run("1", make.environment_record(key="e"), make.case_record(key="a"), make.case_record(key="b"))
    path.write_bytes(path.read_bytes()[:-20])
    found = wanted(path)
    assert (set(found.environments), set(found.cases)) == ({"e"}, {"a"})


@pytest.mark.parametrize("number", READABLE)
def test_what_an_older_format_tells_is_reused(run: Any, make: Any, number: int) -> None:
    path = run("1", make.case_record(key="a"))
    raw = path.read_text().replace(f'"format":{FORMAT}', f'"format":{number}')
    path.write_text(raw.replace('"measured":{},', "") if number == 1 else raw)
    assert [one.measured for one in wanted(path).cases["a"]] == [{}]


@pytest.mark.parametrize("content", [b"", b"\n", b"{", b'{"type": "header", "format": 99}\n', b"\xff\xfe\n", b"[]\n", b"1\n"])
def test_other_formats_and_rubbish_are_nothing_to_reuse(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE
    path.write_bytes(content + b'{"type": "case", "key": "a", "case": "c", "seconds": 1, "variant": ""}\n')
    assert wanted(path, tmp_path / "absent") == History()


def test_a_damaged_line_hides_no_other(run: Any, make: Any) -> None:
    path = run("1", make.case_record(key="a"), make.case_record(key="b"))
    header, first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(header + first[:30] + b"\n" + second)
    assert set(wanted(path).cases) == {"b"}


@pytest.mark.parametrize("trouble", list(Trouble))
def test_trouble_of_the_machine_is_never_reused(run: Any, make: Any, trouble: Trouble) -> None:
    gone = {"status": Status.UNAVAILABLE, "trouble": trouble}
    newer = run("2", make.environment_record(key="e", **gone), make.cell_record(key="x", **gone))
    older = run("1", make.environment_record(key="e", message="old"))
    found = wanted(newer, older)
    assert found.environments["e"].message == "old"
    assert found.cells == {}


@pytest.mark.parametrize(
    "status", [Status.COMPLETED, Status.INSTALL_FAILED, Status.IMPORT_FAILED, Status.CRASHED, Status.TIMED_OUT]
)
def test_environments_whose_software_failed_are_reused(run: Any, make: Any, status: Status) -> None:
    found = wanted(run("1", make.environment_record(key="e", status=status)))
    assert found.environments["e"].status is status


@pytest.mark.parametrize(("status", "reused"), [(Status.CRASHED, True), (Status.TIMED_OUT, True), (Status.COMPLETED, False)])
def test_cells_that_ended_outside_any_case_are_known(run: Any, make: Any, status: Status, reused: bool) -> None:
    """A completed cell says nothing that its cases do not say."""
    assert ("x" in wanted(run("1", make.cell_record(key="x", status=status))).cells) is reused


def variants(make: Any, *names: str, cell: str = "cell-1", **values: Any) -> list[Line]:
    return [make.case_record(key="a", variant=name, cell=cell, **values) for name in names]


def test_a_parametrized_case_is_reused_when_its_cell_ended(run: Any, make: Any) -> None:
    path = run("1", *variants(make, "one", "two"), make.cell_record(id="cell-1"))
    assert [one.variant for one in wanted(path).cases["a"]] == ["one", "two"]


@pytest.mark.parametrize("end", [None, Status.CRASHED, Status.UNAVAILABLE])
def test_a_half_recorded_parametrized_case_is_measured_again(run: Any, make: Any, end: Status | None) -> None:
    cells = [make.cell_record(id="cell-1", status=end)] if end else []
    others = [make.case_record(key="b")]
    found = wanted(run("1", *variants(make, "one"), *others, make.cell_record(id="cell-2"), *cells))
    assert set(found.cases) == {"b"}


def test_a_whole_older_record_is_better_than_a_half_newer_one(run: Any, make: Any) -> None:
    older = run("1", *variants(make, "one", "two", message="old"), make.cell_record(id="cell-1"))
    newer = run("2", *variants(make, "one", message="new"))
    assert [one.message for one in wanted(newer, older).cases["a"]] == ["old", "old"]


def test_a_reused_parametrized_case_was_whole(run: Any, make: Any) -> None:
    path = run("2", *variants(make, "one", "two", reused=True))
    assert len(wanted(path).cases["a"]) == 2


def test_a_plain_case_of_a_cut_off_cell_is_reused(run: Any, make: Any) -> None:
    assert set(wanted(run("1", make.case_record(key="a"))).cases) == {"a"}


def test_how_long_a_case_took_is_known_whatever_its_key(run: Any, make: Any) -> None:
    older = run("1", make.case_record(key="old-key", case="t", seconds=9.0), make.case_record(key="u", case="u", seconds=2.0))
    newer = run("2", make.case_record(key="new-key", case="t", seconds=1.0))
    assert wanted(newer, older).seconds == {"t": 1.0, "u": 2.0}
