"""What a process printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.run import output
from harness.run.output import printed


def test_from_a_start_on_and_the_end_of_what_is_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "output.txt"
    path.write_bytes(b"begin \xff end")
    assert (printed(path), printed(path, 8)) == ("begin \ufffd end", "end")
    monkeypatch.setattr(output, "OUTPUT_BYTES", 3)
    assert printed(path) == "end"


def test_a_process_that_printed_nothing(tmp_path: Path) -> None:
    assert printed(tmp_path / "absent") == ""
