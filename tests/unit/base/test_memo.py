"""What is kept between commands: by digest, safe to delete, replaced whole."""

from __future__ import annotations

from pathlib import Path

from harness.base.memo import Memo, code_digest, digest_of


def test_what_was_computed_from_the_same_is_found(tmp_path: Path) -> None:
    memo = Memo(tmp_path / "memo")
    assert memo.read("cases.json", "a") is None
    memo.write("cases.json", "a", "first\nsecond")
    assert memo.read("cases.json", "a") == "first\nsecond"
    assert memo.read("cases.json", "b") is None
    assert memo.read("other.json", "a") is None


def test_one_file_a_name_is_kept(tmp_path: Path) -> None:
    memo = Memo(tmp_path)
    memo.write("cases.json", "a", "first")
    memo.write("cases.json", "b", "second")
    assert memo.read("cases.json", "a") is None
    assert memo.read("cases.json", "b") == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["cases.json"]


def test_what_cannot_be_read_or_written_is_computed_again(tmp_path: Path) -> None:
    (tmp_path / "torn.json").write_bytes(b"\xff\xfe")
    (tmp_path / "file").write_text("")
    assert Memo(tmp_path).read("torn.json", "a") is None
    memo = Memo(tmp_path / "file")
    memo.write("cases.json", "a", "text")
    assert memo.read("cases.json", "a") is None


def test_a_digest_tells_divisions_of_the_same_bytes_apart() -> None:
    assert digest_of("ab", "c") != digest_of("a", "bc") != digest_of("abc") != digest_of("abc", "")
    assert digest_of("ab", b"c") == digest_of(b"ab", "c")
    assert code_digest("matrix") == code_digest("matrix") != code_digest("catalog")
