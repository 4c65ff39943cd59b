"""Results on disk: what is written is read, and a file that was cut off anywhere keeps all its whole lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.base.errors import ResultsError
from harness.domain import InstallPolicy, KerasChoice, Outcome, Status, TextOps, Trouble
from harness.results.format import FORMAT, READABLE, CaseRef, Line, Package
from harness.results.lines import lines_of, read_lines, read_run
from harness.results.run import Run

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


def write(folder: Path, run: Run) -> Path:
    path = folder / "results.jsonl"
    path.write_text("".join(lines_of(run)), encoding="utf-8")
    return path


@settings(max_examples=60)
@given(data=st.data())
def test_what_is_written_is_read(data: st.DataObject, make: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    facts = data.draw(st.lists(records(make), max_size=6))
    run = make.run(*facts, finished=data.draw(st.booleans()), selection=data.draw(TEXT))
    assert read_run(write(tmp_path_factory.mktemp("runs"), run)) == run


def test_references_are_written_once(make: Any, tmp_path: Path) -> None:
    shared, own = (CaseRef(case="c", key="a"), CaseRef(case="d", key=None)), (CaseRef(case="c", key="b"),)
    cells = [make.cell_record(id=name, cases=cases) for name, cases in [("1", shared), ("2", own), ("3", shared), ("4", ())]]
    path = write(tmp_path, make.run(*cells))
    assert path.read_text().count('"type":"references"') == 2
    assert [cell.cases for cell in read_run(path).cells] == [shared, own, shared, ()]


def test_a_cell_whose_references_are_missing(make: Any, tmp_path: Path) -> None:
    path = write(tmp_path, make.run(make.cell_record(cases=(CaseRef(case="c", key="a"),))))
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if '"type":"references"' not in line))
    assert refuse(path) == f"{path}:2: no references have the id 1 (hint: a line is missing)"


def test_cut_off_at_every_byte_the_whole_lines_survive(make: Any, tmp_path: Path) -> None:
    facts = [
        make.environment_record(message="na\u00efve \U0001f600"),
        make.case_record(evidence="two\nlines\r\n\x1e\u2028\x85"),
        make.cell_record(),
    ]
    raw = write(tmp_path, make.run(*facts)).read_bytes()
    whole = list(read_lines(tmp_path / "results.jsonl"))
    torn = tmp_path / "torn.jsonl"
    for cut in range(len(raw) + 1):
        torn.write_bytes(raw[:cut])
        # The line of the references is none of the facts.
        lines = [line for line in raw[:cut].split(b"\n")[:-1] if b'"type":"references"' not in line]
        assert list(read_lines(torn)) == whole[: len(lines)], f"cut at byte {cut}"


def refuse(path: Path) -> str:
    with pytest.raises(ResultsError) as caught:
        read_run(path)
    assert caught.value.exit_code == 4
    return str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    assert refuse(path) == f"{path}: no results file: No such file or directory (hint: run `nox -s matrix` first)"


@pytest.mark.parametrize("text", ["", '{"type":"hea'])
def test_no_header(tmp_path: Path, text: str) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(text)
    assert refuse(path) == f"{path}: the file has no header line (hint: the run was cut off before it began; run again)"


def test_another_format(make: Any, tmp_path: Path) -> None:
    path = write(tmp_path, make.run())
    path.write_text(path.read_text().replace(f'"format":{FORMAT}', '"format":99'))
    assert refuse(path) == (
        f"{path}:1: not a line of results format {FORMAT}: header.format: Input should be 1, 2, 3 or 4 "
        "(hint: written by another version?)"
    )


@pytest.mark.parametrize("number", READABLE)
def test_older_formats_are_read_with_what_they_lack_left_at_its_default(make: Any, tmp_path: Path, number: int) -> None:
    path = write(tmp_path, make.run(make.case_record()))
    raw = path.read_text().replace(f'"format":{FORMAT}', f'"format":{number}')
    path.write_text(raw.replace('"measured":{},', "") if number == 1 else raw)
    run = read_run(path)
    assert (run.header.format, run.cases[0].measured) == (number, {})


def test_format_1_is_read(make: Any, tmp_path: Path) -> None:
    path = write(tmp_path, make.run(make.environment_record(), make.cell_record()))
    path.write_text(path.read_text().replace(f'"format":{FORMAT}', '"format":1').replace('"text":"without",', ""))
    assert read_run(path).environments == (make.environment_record(),)
    assert read_run(path).cells == (make.cell_record(),)


def test_a_damaged_line_before_the_last_is_an_error_with_its_number(make: Any, tmp_path: Path) -> None:
    path = write(tmp_path, make.run(make.case_record(), make.case_record()))
    first, second, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([first, second[:20] + b"\n", *rest]))
    assert refuse(path).startswith(f"{path}:2: not a line of results format {FORMAT}: ")


def test_a_field_that_nobody_knows_is_an_error(make: Any, tmp_path: Path) -> None:
    path = write(tmp_path, make.run(make.case_record()))
    path.write_text(path.read_text().replace('"variant":', '"flavour":'))
    assert "flavour: Extra inputs are not permitted" in refuse(path)
