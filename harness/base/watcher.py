"""Waiting for processes by pidfd, in the loop that started each, which takes no thread.

Up to Python 3.11 asyncio starts a thread for each process, to wait for it; where a machine is short of memory or threads there is
none, and nobody notices the exit. Its own PidfdChildWatcher of then serves the main thread's loop alone, and the services of a run
have loops in other threads. This is what Python 3.12 and later do by themselves.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from typing_extensions import TypeVarTuple, Unpack

Arguments = TypeVarTuple("Arguments")


def notice_without_threads() -> None:
    """Make asyncio wait for processes by pidfd, where the kernel has it (Linux 5.3) and Python doesn't do so by itself."""
    if sys.version_info >= (3, 12) or not hasattr(os, "pidfd_open"):
        return
    with suppress(OSError):
        os.close(os.pidfd_open(os.getpid()))
        asyncio.set_child_watcher(_EveryLoop())


if sys.version_info < (3, 12):

    class _EveryLoop(asyncio.AbstractChildWatcher):
        """Waits for each process in the loop that runs where it is started."""

        def is_active(self) -> bool:
            return True

        def attach_loop(self, loop: asyncio.AbstractEventLoop | None) -> None: ...

        def close(self) -> None: ...

        def __enter__(self) -> _EveryLoop:
            return self

        def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

        def add_child_handler(
            self, pid: int, callback: Callable[[int, int, Unpack[Arguments]], object], *args: Unpack[Arguments]
        ) -> None:
            loop = asyncio.get_running_loop()
            descriptor = os.pidfd_open(pid)

            def reap() -> None:
                loop.remove_reader(descriptor)
                os.close(descriptor)
                try:
                    _, status = os.waitpid(pid, 0)
                    code = os.waitstatus_to_exitcode(status)
                except ChildProcessError:  # reaped by somebody else: asyncio has this code then
                    code = 255
                callback(pid, code, *args)

            loop.add_reader(descriptor, reap)

        def remove_child_handler(self, pid: int) -> bool:  # noqa: ARG002  (a process that has ended has no handler any more)
            return True
