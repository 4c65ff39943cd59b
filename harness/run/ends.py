"""Interpret the end of a process, whichever program it ran: who caused it, and how users read it. Pure."""

from __future__ import annotations

import signal

from typing_extensions import assert_never

from harness.base.process import signal_name
from harness.incell.hubmatrix_messages import EndReason, ProcessEnd

FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGXCPU})
KILLED = "killed from outside (SIGKILL): the machine ran out of memory, or somebody ended it"
NOT_RUN = "pytest did not run this case"
"""The first words of the error of a case whose pytest ended without running it, also where it was alone."""


def is_killed(end: ProcessEnd) -> bool:
    """Return True if somebody outside ended the process, which says nothing about what it ran.

    Its limits end a process by its guardian, which says so; SIGKILL from anybody else is the kernel short of memory, or a person.
    The other signals are those that shells, terminals, batch systems and limits on CPU time send; no case raises one in itself.
    """
    match end.reason:
        case EndReason.LOST | EndReason.ENDED:
            return True
        case EndReason.EXITED:
            return end.signal in FROM_OUTSIDE
        case EndReason.TIMED_OUT | EndReason.MEMORY:
            return False
        case _:
            assert_never(end.reason)


def how_it_ended(end: ProcessEnd, case_seconds: float, memory_bytes: int) -> str:
    """Return the words for a process that ended in the middle of what it ran; the limits are those it had."""
    match end.reason:
        case EndReason.TIMED_OUT:
            return f"still running after {case_seconds:.0f} s"
        case EndReason.MEMORY:
            return f"used {gib(end.peak_bytes)} of memory, the limit is {gib(memory_bytes)}"
        case EndReason.LOST | EndReason.ENDED:
            return KILLED
        case EndReason.EXITED if end.signal:
            return f"the interpreter was ended by {signal_name(end.signal)}"
        case EndReason.EXITED:
            return f"the interpreter exited with code {end.code}"
        case _:
            assert_never(end.reason)


def gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
