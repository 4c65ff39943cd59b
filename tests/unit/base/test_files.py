"""A reader never meets half a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.base.files import make_once, write_atomically


def test_makes_the_folders_above(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a" / "b" / "c.txt", "text")
    assert (tmp_path / "a" / "b" / "c.txt").read_text() == "text"


def test_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_atomically(path, "before")
    write_atomically(path, "na\u00efve \u2013 \U0001f600\n")
    assert path.read_bytes() == "na\u00efve \u2013 \U0001f600\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_is_readable_for_others(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file.txt", "text")
    assert (tmp_path / "file.txt").stat().st_mode & 0o777 == 0o644


def test_a_failed_write_keeps_the_old_text_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_atomically(path, "before")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "half \ud800")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_rename_keeps_the_old_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.txt"
    write_atomically(path, "before")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, "after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "below" / "made"

    def broken(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        make_once(target, broken)
    assert list(target.parent.iterdir()) == []
    make_once(target, lambda folder: (folder / "whole").touch())
    make_once(target, lambda _: pytest.fail("it is there already"))
    assert [path.name for path in target.iterdir()] == ["whole"]


def test_whoever_is_second_keeps_what_the_first_made(tmp_path: Path) -> None:
    target = tmp_path / "made"

    def late(folder: Path) -> None:
        (folder / "second").touch()
        target.mkdir()
        (target / "first").touch()

    make_once(target, late)
    assert [path.name for path in target.iterdir()] == ["first"]
