"""Results on disk: what is written is read, and a file that was cut off anywhere keeps all its whole lines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.base.errors import MachineError, ResultsError
from harness.domain import InstallPolicy, KerasChoice, Outcome, Status, TextOps, Trouble
from harness.results import store
from harness.results.format import FORMAT, READABLE, CaseRecord, CaseRef, Footer, Line, Package
from harness.results.store import FILE, Writer, newest, read_lines, read_run, run_files

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=40)
SECONDS = st.floats(0, 1e6, allow_nan=False)


def records(make: Any) -> st.SearchStrategy[Line]:
    """Any facts that a run may write, odd texts included."""
    return st.one_of(
        st.builds(
            make.environment_record,
            id=NAMES,
            install=st.sampled_from(InstallPolicy),
            keras=st.sampled_from(KerasChoice),
            text=st.sampled_from(TextOps),
            settings=st.dictionaries(NAMES, TEXT, max_size=2),
            packages=st.lists(st.builds(Package, name=NAMES, version=NAMES), max_size=3).map(tuple),
            status=st.sampled_from(Status),
            trouble=st.none() | st.sampled_from(Trouble),
            message=TEXT,
            evidence=TEXT,
            seconds=SECONDS,
            reused=st.booleans(),
        ),
        st.builds(
            make.case_record,
            variant=TEXT,
            uses=st.dictionaries(NAMES, TEXT, max_size=2),
            outcome=st.sampled_from(Outcome),
            message=TEXT,
            evidence=TEXT,
            measured=st.dictionaries(NAMES, st.floats(allow_nan=False, allow_infinity=False), max_size=2),
            seconds=SECONDS,
        ),
        st.builds(
            make.cell_record,
            id=NAMES,
            status=st.sampled_from(Status),
            message=TEXT,
            cases=st.lists(st.builds(CaseRef, case=NAMES, key=st.none() | NAMES), max_size=3).map(tuple),
        ),
    )


def write(folder: Path, header: Any, facts: list[Line], *, footer: bool = True) -> Path:
    path = folder / header.run / FILE
    with Writer(path, header) as writer:
        for fact in facts:
            writer.write(fact)
        if footer:
            writer.close(finished="later", interrupted=False)
    return path


@settings(max_examples=60)
@given(data=st.data())
def test_what_is_written_is_read(data: st.DataObject, make: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    facts = data.draw(st.lists(records(make), max_size=6))
    path = write(tmp_path_factory.mktemp("runs"), make.header(selection=data.draw(TEXT)), facts)
    header, *told, footer = read_lines(path)
    assert told == facts
    assert footer == Footer(finished="later", interrupted=False, records=len(facts) + 1)
    run = read_run(path)
    assert (run.header, run.footer) == (header, footer)
    assert [*run.environments, *run.cases, *run.cells] == sorted(
        facts, key=lambda one: ["environment", "case", "cell"].index(one.type)
    )


def test_cut_off_at_every_byte_the_whole_lines_survive(make: Any, tmp_path: Path) -> None:
    facts = [
        make.environment_record(message="na\u00efve \U0001f600"),
        make.case_record(evidence="two\nlines\r\n\x1e\u2028\x85"),
        make.cell_record(),
    ]
    raw = write(tmp_path, make.header(), facts).read_bytes()
    whole = list(read_lines(tmp_path / make.header().run / FILE))
    torn = tmp_path / "torn.jsonl"
    for cut in range(len(raw) + 1):
        torn.write_bytes(raw[:cut])
        assert list(read_lines(torn)) == whole[: raw[:cut].count(b"\n")], f"cut at byte {cut}"


def test_a_run_that_was_cut_off_has_no_footer(make: Any, tmp_path: Path) -> None:
    fact = make.case_record()
    run = read_run(write(tmp_path, make.header(), [fact], footer=False))
    assert (run.cases, run.footer) == ((fact,), None)


def test_every_fact_is_on_disk_before_write_returns(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "run" / FILE
    with Writer(path, make.header()) as writer:
        for number in range(3):
            assert len(list(read_lines(path))) == number + 1
            writer.write(make.case_record(key=str(number)))


def test_a_run_never_overwrites_another(make: Any, tmp_path: Path) -> None:
    write(tmp_path, make.header(), [])
    with pytest.raises(MachineError, match="results can't be written: File exists"):
        write(tmp_path, make.header(), [])


def refuse(path: Path) -> str:
    with pytest.raises(ResultsError) as caught:
        read_run(path)
    assert caught.value.exit_code == 4
    return str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    path = tmp_path / FILE
    assert refuse(path) == f"{path}: no results file: No such file or directory (hint: run `nox -s matrix` first)"


@pytest.mark.parametrize("text", ["", '{"type":"hea'])
def test_no_header(tmp_path: Path, text: str) -> None:
    path = tmp_path / FILE
    path.write_text(text)
    assert refuse(path) == f"{path}: the file has no header line (hint: the run was cut off before it began; run again)"


def test_another_format(make: Any, tmp_path: Path) -> None:
    path = write(tmp_path, make.header(), [])
    path.write_text(path.read_text().replace(f'"format":{FORMAT}', '"format":99'))
    assert refuse(path) == (
        f"{path}:1: not a line of results format {FORMAT}: header.format: Input should be 1, 2, 3 or 4 "
        "(hint: written by another version?)"
    )


@pytest.mark.parametrize("number", READABLE)
def test_older_formats_are_read_with_what_they_lack_left_at_its_default(make: Any, tmp_path: Path, number: int) -> None:
    path = write(tmp_path, make.header(), [make.case_record()])
    raw = path.read_text().replace(f'"format":{FORMAT}', f'"format":{number}')
    path.write_text(raw.replace('"measured":{},', "") if number == 1 else raw)
    run = read_run(path)
    assert (run.header.format, run.cases[0].measured) == (number, {})


def test_format_1_is_read(make: Any, tmp_path: Path) -> None:
    path = write(tmp_path, make.header(), [make.environment_record(), make.cell_record()])
    path.write_text(path.read_text().replace(f'"format":{FORMAT}', '"format":1').replace('"text":"without",', ""))
    assert read_run(path).environments == (make.environment_record(),)
    assert read_run(path).cells == (make.cell_record(),)


def test_a_damaged_line_before_the_last_is_an_error_with_its_number(make: Any, tmp_path: Path) -> None:
    path = write(tmp_path, make.header(), [make.case_record(), make.case_record()])
    first, second, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([first, second[:20] + b"\n", *rest]))
    assert refuse(path).startswith(f"{path}:2: not a line of results format {FORMAT}: ")


def test_a_field_that_nobody_knows_is_an_error(make: Any, tmp_path: Path) -> None:
    path = write(tmp_path, make.header(), [make.case_record()])
    path.write_text(path.read_text().replace('"variant":', '"flavour":'))
    assert "flavour: Extra inputs are not permitted" in refuse(path)


class FullDisk:
    """A file that takes only `room` more bytes in one write, then behaves again."""

    def __init__(self, file: Any, room: int) -> None:
        self.file, self.room = file, room

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def write(self, data: bytes) -> int:
        room, self.room = self.room, len(data) + 10**6
        return int(self.file.write(data[:room]))


@pytest.mark.parametrize("room", [0, 1, 50])
def test_a_full_disk_leaves_whole_lines(make: Any, tmp_path: Path, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run" / FILE
    with Writer(path, make.header()) as writer:
        monkeypatch.setattr(writer, "_file", FullDisk(writer._file, room))
        with pytest.raises(MachineError) as caught:
            writer.write(make.case_record(key="lost"))
        assert str(caught.value) == (
            f"{path}: results can't be written: no space left on device "
            "(hint: fix that and run the same command again; it goes on from here)"
        )
        assert read_run(path).cases == ()
        writer.write(make.case_record(key="kept"))
    assert [one.key for one in read_lines(path) if isinstance(one, CaseRecord)] == ["kept"]


def test_run_files_are_newest_first_by_their_last_write(make: Any, tmp_path: Path) -> None:
    paths = [write(tmp_path, make.header(run=name), []) for name in ("b", "c", "a")]
    for age, path in enumerate(paths):
        os.utime(path, (1000 + age, 1000 + age))
    (tmp_path / "not-a-run").mkdir()
    assert run_files(tmp_path) == (paths[2], paths[1], paths[0])
    assert newest(tmp_path) == paths[2]


def test_no_run_yet(tmp_path: Path) -> None:
    assert run_files(tmp_path / "runs") == ()
    with pytest.raises(ResultsError) as caught:
        store.newest(tmp_path / "runs")
    assert str(caught.value) == f"{tmp_path / 'runs'}: no run yet (hint: run `nox -s matrix` or `hubmatrix run` first)"
