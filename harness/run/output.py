"""Read what a process printed, from the file that its output went to."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

OUTPUT_BYTES = 200_000


def printed(path: Path, start: int = 0) -> str:
    """Return what the file has from byte `start` on, at most its last OUTPUT_BYTES; "" where there is no file."""
    with suppress(OSError), path.open("rb") as file:
        file.seek(max(start, file.seek(0, os.SEEK_END) - OUTPUT_BYTES))
        return file.read().decode("utf-8", "replace")
    return ""
