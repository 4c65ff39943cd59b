"""Recognize a machine that is short of something by what it makes software say: a closed list, for imports and cases.

Software that meets one of these has not failed: it says the same on any machine that is short of the same. The numbers are those of
errno, which Python writes as `[Errno 28]` and Rust, as in uv, as `(os error 28)`.
"""

from __future__ import annotations

import re

from harness.base.errors import machine_error
from harness.domain import Lacking, Status, Trouble
from harness.environments.uv import Failure

WORDS: tuple[tuple[Trouble, str, str], ...] = (
    (Trouble.DISK, r"No space left on device|Disk quota exceeded", "no space left on device"),
    (Trouble.DISK, r"\[Errno (?:5|28|30|122)\]|\(os error (?:5|28|30|122)\)", "the disk can't be read or written"),
    (
        Trouble.MEMORY,
        r"\[Errno 12\]|\(os error 12\)|Cannot allocate memory|failed to map segment from shared object",
        "out of memory",
    ),
    (Trouble.MEMORY, r"(?:\A|\n)MemoryError\b", "out of memory"),
    (Trouble.LIMITS, r"\[Errno (?:23|24)\]|\(os error (?:23|24)\)|Too many open files", "too many open files"),
    (
        Trouble.LIMITS,
        r"can't start new thread|\[Errno 11\]|\(os error 11\)|Resource temporarily unavailable",
        "no more threads or processes",
    ),
)
"""Of each trouble the words, and how a report says it. EIO, ENOSPC, EROFS, EDQUOT; ENOMEM; ENFILE, EMFILE; EAGAIN."""
PATTERNS = tuple((trouble, re.compile(words), message) for trouble, words, message in WORDS)


def shortage(text: str) -> Lacking | None:
    """Return what a machine was short of, by what software says of it; None if the text speaks of no shortage."""
    for trouble, pattern, message in PATTERNS:
        if pattern.search(text):
            return Lacking(trouble=trouble, message=message)
    return None


def failure_of_machine(error: OSError) -> Failure:
    """Return what an error of the operating system is where it met the driver: never the software's."""
    lacking = shortage(str(error))
    problem = machine_error(error).problems[0]
    message = f"{problem.location}: {problem.message}" if problem.location else problem.message
    trouble = lacking.trouble if lacking else Trouble.DISK
    return Failure(status=Status.UNAVAILABLE, trouble=trouble, message=message, evidence=str(problem))
