"""The zygote's pure parts: reading its socket, and reducing a failed import to a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.incell import zygote
from harness.incell.hubmatrix_messages import EndReason, ProcessEnd, ScriptRequest
from harness.incell.zygote import SocketLines, end_of, last_error

MESSAGES = st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers() | st.none(), max_size=3), max_size=6)


class Pieces:
    """A socket that gives these pieces, then its end (or a reset)."""

    def __init__(self, pieces: list[bytes], *, reset: bool = False) -> None:
        self.pieces, self.reset = pieces, reset

    def recv(self, _size: int) -> bytes:
        if self.pieces:
            return self.pieces.pop(0)
        if self.reset:
            raise ConnectionResetError
        return b""


def pieces(draw: Any, data: bytes) -> list[bytes]:
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(data) - 1)), max_size=8)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True) if data[start:end]]


@given(data=st.data(), messages=MESSAGES)
def test_lines_are_whole_however_they_arrive(data: st.DataObject, messages: list[Any]) -> None:
    raw = b"".join(json.dumps(one).encode() + b"\n" for one in messages)
    reader = SocketLines(Pieces(pieces(data.draw, raw)))  # type: ignore[arg-type]
    lines = []
    while reader.fill():
        lines += reader.lines()
    assert list(map(json.loads, lines)) == messages


@given(data=st.data(), messages=MESSAGES.filter(bool))
def test_the_first_line_is_waited_for_and_the_rest_is_kept(data: st.DataObject, messages: list[Any]) -> None:
    raw = b"".join(json.dumps(one).encode() + b"\n" for one in messages)
    reader = SocketLines(Pieces(pieces(data.draw, raw)))  # type: ignore[arg-type]
    assert json.loads(reader.wait() or "") == messages[0]
    while reader.fill():
        pass
    assert list(map(json.loads, reader.lines())) == messages[1:]


@pytest.mark.parametrize("reset", [True, False])
def test_the_end_before_a_whole_line_is_no_line(reset: bool) -> None:
    assert SocketLines(Pieces([b'{"half": '], reset=reset)).wait() is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\nModuleNotFoundError: No module named 'x'\n",
            "ModuleNotFoundError: No module named 'x'",
        ),
        (
            'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    import b\n'
            "TypeError: Descriptors cannot be created directly.\nIf this call came from a _pb2.py file, ...\n 1. Downgrade\n",
            "TypeError: Descriptors cannot be created directly.\nIf this call came from a _pb2.py file, ...\n 1. Downgrade",
        ),
        ('  File "a.py", line 1\n    def (\n        ^\nSyntaxError: invalid syntax\n', "SyntaxError: invalid syntax"),
        (
            'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    import numpy\n'
            '  File "numpy/__init__.py", line 9, in <module>\n    raise ImportError(msg)\n'
            "ImportError: \n\nIMPORTANT: PLEASE READ THIS FOR ADVICE ON HOW TO SOLVE THIS ISSUE!\n\n"
            '  * The Python version is: Python3.9 from "/venv/bin/python"\n  * The NumPy version is: "1.19.5"\n\n'
            "Original error was: libopenblas.so: cannot open shared object file\n\n",
            "ImportError: \n\nIMPORTANT: PLEASE READ THIS FOR ADVICE ON HOW TO SOLVE THIS ISSUE!\n\n"
            '  * The Python version is: Python3.9 from "/venv/bin/python"\n  * The NumPy version is: "1.19.5"\n\n'
            "Original error was: libopenblas.so: cannot open shared object file",
        ),
        (
            'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f(\n    ~^\n'
            "ValueError: it ends\n    with an indented line\n",
            "ValueError: it ends\n    with an indented line",
        ),
        (
            '  File "a.py", line 1, in <module>\nKeyError: first\n\nDuring handling of the above exception, another occurred:\n\n'
            'Traceback (most recent call last):\n  File "a.py", line 3, in <module>\nValueError: last\n',
            "ValueError: last",
        ),
        ('Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    cut off', "    cut off"),
        ("some words\nand no traceback\n", "and no traceback"),
        ("", "the interpreter ended without a word"),
        ("\n\n", "the interpreter ended without a word"),
    ],
)
def test_last_error(text: str, line: str) -> None:
    assert last_error(text) == line


def test_a_failed_import_is_told_in_pythons_words() -> None:
    told = zygote.preload(["json", "no_such_module_of_hubmatrix"])
    assert told is not None
    message, evidence = told
    assert message == "ModuleNotFoundError: No module named 'no_such_module_of_hubmatrix'"
    assert evidence.startswith("Traceback (most recent call last):")
    assert zygote.preload(["json"]) is None


def test_an_import_that_exits_is_a_failed_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "leaves_at_once.py").write_text("raise SystemExit('this Python is too old')")
    monkeypatch.syspath_prepend(str(tmp_path))
    told = zygote.preload(["leaves_at_once"])
    assert told is not None
    assert told[0] == "SystemExit: this Python is too old"


@pytest.mark.parametrize(
    ("content", "end"),
    [('{"reason": "exited", "code": 0}', ProcessEnd(reason=EndReason.EXITED, code=0)), ('{"rea', None), (None, None)],
)
def test_a_guardian_that_left_no_word_was_killed(tmp_path: Path, content: str | None, end: ProcessEnd | None) -> None:
    if content is not None:
        (tmp_path / "end.json").write_text(content)
    texts: dict[str, Any] = dict.fromkeys(ScriptRequest._fields, "")
    assert end_of(ScriptRequest(**{**texts, "workdir": str(tmp_path)})) == end
