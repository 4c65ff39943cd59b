"""What a cell lists to be compiled is untrusted: only the project's own Python files are taken."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.incell.hubmatrix_bytecode import PLAIN, REWRITTEN
from harness.run.bytecode import read_sources

NOTHING = {PLAIN: [], REWRITTEN: []}


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, ...]:
    (tmp_path / "venv").mkdir()
    (tmp_path / "link").symlink_to("venv")
    return (tmp_path / "link", tmp_path / "cases")


def test_sources_below_the_roots_are_taken(roots: tuple[Path, ...], tmp_path: Path) -> None:
    inside = [str(tmp_path / "venv" / "a.py"), str(tmp_path / "link" / "b.py")]
    outside = ["/etc/passwd.py", str(tmp_path / "venv" / ".." / "c.py"), str(tmp_path / "venv" / "d.txt"), "\0.py", 7, None, ["x"]]
    (tmp_path / "list").write_text(json.dumps({PLAIN: inside + outside, REWRITTEN: str(inside), "other": inside}))
    assert read_sources(tmp_path / "list", roots) == {PLAIN: inside, REWRITTEN: []}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '{"plain": 7}', '{"plain": {}}', "[" * 100_000, "\udcff", "{" + " " * 2**21 + "}"]
)
def test_rubbish_lists_nothing(text: str, roots: tuple[Path, ...], tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_sources(tmp_path / "list", roots) == NOTHING


def test_what_is_no_file_keeps_nobody_waiting(roots: tuple[Path, ...], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to-a-file").symlink_to(tmp_path / "list")
    (tmp_path / "list").write_text(json.dumps({PLAIN: [str(tmp_path / "venv" / "a.py")]}))
    for name in ("pipe", "to-a-file", "missing", "venv"):
        assert read_sources(tmp_path / name, roots) == NOTHING
