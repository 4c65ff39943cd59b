"""A reader never meets half a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.base.files import make_once, open_regular, private_folder, write_atomically


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


def test_a_private_folder_is_its_owners_alone(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    folders = [private_folder(tmp_path / "open"), private_folder(tmp_path / "new" / "folder")]
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700, 0o700]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("fifo", "not a regular file"),
        ("folder", "not a regular file"),
        ("large", "larger than 4 bytes"),
        ("missing", "No such file or directory"),
    ],
)
def test_nothing_but_a_regular_file_of_a_size_is_opened(tmp_path: Path, kind: str, message: str) -> None:
    path = tmp_path / "file"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "large":
            path.write_bytes(b"12345")
    with pytest.raises(OSError, match=message):
        open_regular(path, most_bytes=4)


def test_a_regular_file_is_opened_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1234")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with open_regular(tmp_path / "link", most_bytes=4) as file:
        assert file.read() == b"1234"
