"""Writing files so that a reader, or a machine that stops, never meets half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Write beside the target, then rename over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def make_once(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write an empty folder, and give it its name when it is whole; one that is there already is kept.

    Safe for two at once: the first to be done wins.
    """
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-", ignore_cleanup_errors=True) as scratch:
        inside = Path(scratch) / "made"
        inside.mkdir()
        fill(inside)
        try:
            inside.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
