"""A shortage of the machine is told by its words, whoever meets it; other errors of the system are not."""

from __future__ import annotations

import errno
import os

import pytest

from harness.domain import Trouble
from harness.environments.shortage import shortage


@pytest.mark.parametrize(
    ("number", "trouble"),
    [
        (errno.ENOSPC, Trouble.DISK),
        (errno.EDQUOT, Trouble.DISK),
        (errno.EIO, Trouble.DISK),
        (errno.EROFS, Trouble.DISK),
        (errno.ENOMEM, Trouble.MEMORY),
        (errno.EMFILE, Trouble.LIMITS),
        (errno.ENFILE, Trouble.LIMITS),
        (errno.EAGAIN, Trouble.LIMITS),
        (errno.ENOENT, None),
        (errno.EACCES, None),
        (errno.EEXIST, None),
        (errno.EPIPE, None),
    ],
)
def test_errors_of_the_system(number: int, trouble: Trouble | None) -> None:
    error = OSError(number, os.strerror(number), "/some/file")
    short = shortage(f"{type(error).__name__}: {error}")
    assert (short.trouble if short else None) is trouble


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("MemoryError", Trouble.MEMORY),
        ("MemoryError: Unable to allocate 3.00 GiB", Trouble.MEMORY),
        ("RuntimeError: can't start new thread", Trouble.LIMITS),
        ("ImportError: libtensorflow_framework.so.2: failed to map segment from shared object", Trouble.MEMORY),
        ("ValueError: MemoryErrors are not for me", None),
        ("ModuleNotFoundError: No module named 'pkg_resources'", None),
    ],
)
def test_other_words(text: str, trouble: Trouble | None) -> None:
    short = shortage(text)
    assert (short.trouble if short else None) is trouble
