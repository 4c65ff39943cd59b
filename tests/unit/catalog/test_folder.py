"""What is read of the folder cases/ is kept, and never used for other files."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.base.errors import SpecError
from harness.base.memo import Memo
from harness.catalog import folder, read_cases
from harness.domain import Case

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def memo(tmp_path: Path) -> Memo:
    return Memo(tmp_path / "memo")


def forbid_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(_sources: object) -> tuple[Case, ...]:
        raise AssertionError("the files were parsed")

    monkeypatch.setattr(folder, "parse_cases", parse)


def test_the_second_command_reads_what_the_first_one_read(memo: Memo, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = read_cases(PROJECT / "cases", memo)
    forbid_parsing(monkeypatch)
    assert read_cases(PROJECT / "cases", memo) == cases
    assert len(cases) > 100


def test_another_file_is_read_anew(tmp_path: Path, memo: Memo) -> None:
    cases = tmp_path / "cases"
    cases.mkdir()
    (cases / "test_a.py").write_text("def test_x(): ...\n")
    assert [case.id for case in read_cases(cases, memo)] == ["cases/test_a.py::test_x"]
    (cases / "test_a.py").write_text("def test_y(): ...\n")
    assert [case.id for case in read_cases(cases, memo)] == ["cases/test_a.py::test_y"]
    (cases / "test_a.py").rename(cases / "test_b.py")
    assert [case.id for case in read_cases(cases, memo)] == ["cases/test_b.py::test_y"]


def test_a_file_that_was_edited_is_not_believed(memo: Memo) -> None:
    cases = read_cases(PROJECT / "cases", memo)
    path = memo.folder / folder.MEMO
    path.write_text(path.read_text(encoding="utf-8").replace('"title"', '"titel"', 1), encoding="utf-8")
    assert read_cases(PROJECT / "cases", memo) == cases


def test_problems_are_reported_every_time(tmp_path: Path, memo: Memo) -> None:
    cases = tmp_path / "cases"
    cases.mkdir()
    (cases / "test_a.py").write_text("def test_x(\n")
    for _ in range(2):
        with pytest.raises(SpecError, match="not Python"):
            read_cases(cases, memo)
