"""What the end of a process means, whichever program it ran."""

from __future__ import annotations

import signal

import pytest

from harness.incell.hubmatrix_messages import EndReason, ProcessEnd
from harness.run.ends import KILLED, how_it_ended, is_killed


@pytest.mark.parametrize(
    ("end", "killed", "words"),
    [
        (ProcessEnd(reason=EndReason.EXITED, code=3), False, "the interpreter exited with code 3"),
        (ProcessEnd(reason=EndReason.EXITED, signal=signal.SIGSEGV), False, "the interpreter was ended by SIGSEGV"),
        (ProcessEnd(reason=EndReason.EXITED, signal=signal.SIGKILL), True, "the interpreter was ended by SIGKILL"),
        (ProcessEnd(reason=EndReason.TIMED_OUT), False, "still running after 60 s"),
        (ProcessEnd(reason=EndReason.MEMORY, peak_bytes=5 * 2**30), False, "used 5.0 GiB of memory, the limit is 4.0 GiB"),
        (ProcessEnd(reason=EndReason.ENDED), True, KILLED),
        (ProcessEnd(reason=EndReason.LOST), True, KILLED),
    ],
)
def test_every_end(end: ProcessEnd, killed: bool, words: str) -> None:
    assert (is_killed(end), how_it_ended(end, 60.0, 4 * 2**30)) == (killed, words)
