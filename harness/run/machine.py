"""What a run may take of this machine, and how it is interrupted. Shared by everything that runs many things at once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine

import psutil

BYTES_PER_SLOT = 2 * 2**30


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def slots(jobs: int | None) -> int:
    """How many busy processes at once: what a user asked for, else as many as cores and free memory allow."""
    memory = int(psutil.virtual_memory().available // BYTES_PER_SLOT)
    return jobs or max(1, min(cores(), memory))


async def until_interrupted(work: Coroutine[object, object, None]) -> bool:
    """True when the work came to its end, False when SIGINT or SIGTERM ended it."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return False
    return True
