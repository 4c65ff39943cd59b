"""Writing files so that a reader, or a machine that stops, never meets half of one; opening those of others with care."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: Path, text: str) -> None:
    """Write the text beside the target, then rename over it.

    The temporary file is in the same folder, for a rename is atomic only within one file system.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)  # mkstemp makes it readable by its owner alone
        Path(name).replace(path)
    except BaseException:  # Ctrl-C too: nobody else would remove the half-written file
        Path(name).unlink(missing_ok=True)
        raise


def private_folder(folder: Path) -> Path:
    """Create a folder that its owner alone can enter, and return it. One that exists is closed to others."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def open_regular(path: Path, *, most_bytes: int) -> BinaryIO:
    """Open a file that somebody else named, to read.

    Raises:
        OSError: it can't be opened, has more bytes, or isn't a regular file.
    """
    # O_NONBLOCK: opening a FIFO would wait for somebody to write into it. What was opened is looked at, not the name.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    status = os.fstat(handle)
    if stat.S_ISREG(status.st_mode) and status.st_size <= most_bytes:
        return os.fdopen(handle, "rb")
    os.close(handle)
    if stat.S_ISREG(status.st_mode):
        raise OSError(errno.EFBIG, f"larger than {most_bytes} bytes")
    raise OSError(errno.EINVAL, "not a regular file")


def make_once(folder: Path, fill: Callable[[Path], None]) -> None:
    """Create `folder` by letting `fill` write into an empty one, which gets the name when it is whole.

    A folder that exists is kept and `fill` isn't called. Two processes may do this at once: the first to finish wins.
    """
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-", ignore_cleanup_errors=True) as scratch:
        inside = Path(scratch) / "whole"
        inside.mkdir()
        fill(inside)
        try:
            inside.rename(folder)
        except OSError:
            # A folder that isn't empty can't be renamed over: another process was faster, and its result is as good.
            if not folder.is_dir():
                raise
