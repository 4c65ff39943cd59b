"""A user's script in its own interpreter: what it leaves behind. (Its guardian is tested with the cells'.)"""

from __future__ import annotations

import json
from pathlib import Path

from harness.incell import script


class OwnError(LookupError):
    """Of a class that no expectation names, with bases that one may."""


def test_an_exception_is_told_with_its_bases(tmp_path: Path) -> None:
    try:
        raise OwnError("no such\nthing")
    except OwnError as error:
        script.write_exception(str(tmp_path / "raised.json"), error)
    told = json.loads((tmp_path / "raised.json").read_text())
    assert told["kinds"] == ["OwnError", "LookupError", "Exception"]
    assert told["message"].endswith("OwnError: no such\nthing")
    assert "Traceback (most recent call last)" in told["evidence"]
