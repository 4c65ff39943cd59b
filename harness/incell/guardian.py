"""The guardian of one cell: a small process between the zygote and the cell that lets nothing outlive its limits.

It forks (or starts) the cell, then waits for one of: the cell ends; no event for `case_seconds`; more memory than
`memory_bytes`, summed over the cell and all that it started. Then it ends all that remains of the cell, also processes
that left its group: as a child subreaper (Linux) the guardian is the parent of every orphan below it.

Standard library only, Python 3.7 syntax.
"""

from __future__ import annotations

import contextlib
import ctypes
import glob
import os
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Callable, NoReturn, Sequence

if TYPE_CHECKING or __package__:
    from harness.incell import hubmatrix_messages as messages  # the driver, and tests
else:
    import hubmatrix_messages as messages

Run = Callable[[Any], int]
FOLDER = os.path.dirname(os.path.abspath(__file__))
POLL_SECONDS = 0.1
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PAGE = os.sysconf("SC_PAGE_SIZE")


def guard(request: messages.Request, run: Run | None) -> NoReturn:
    """Start the cell, wait for its end and never return.

    `run` is called in the forked cell; None starts a fresh interpreter instead.
    """
    # A group of its own: a SIGINT that a terminal sends to the driver's group must reach the driver alone.
    os.setpgid(0, 0)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    # SIGTERM and not SIGKILL when the zygote dies: the guardian still has its cell to end, in the handler below.
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    # Before the cell starts, or an exit right after it would be seen only by the next poll.
    wake = wake_on_child_exit()
    cell = start_fresh(request) if run is None else start_fork(request, run)
    signal.signal(signal.SIGTERM, lambda *_: leave(cell, request, messages.ProcessEnd(reason=messages.EndReason.ENDED)))
    leave(cell, request, watch(cell, request, wake))


def prctl(option: int, value: int) -> None:
    """Set an option of this process; on Linux only. Elsewhere processes that leave the cell's group may outlive it."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def wake_on_child_exit() -> int:
    """Return a file descriptor that becomes readable whenever a child exits, to wait on with select."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    os.set_blocking(readable, False)
    # Without a handler Python ignores SIGCHLD and writes nothing into the wakeup descriptor.
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    return readable


def start_fork(request: messages.Request, run: Run) -> int:
    """Fork the cell and return its process id; the cell itself never returns from here."""
    pid = os.fork()
    if pid:
        return pid
    os.setpgid(0, 0)
    # The cell can do nothing useful without its guardian, so it dies with it.
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # Signal handlers and the wakeup descriptor are the guardian's; a case gets those of a fresh interpreter.
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    code = 70
    try:
        code = run(request)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # a normal exit would run the zygote's own exit handlers in the fork


def start_fresh(request: messages.Request) -> int:
    """Start the cell in a fresh interpreter, which reads its request from a file, and return its process id."""
    path = os.path.join(request.workdir, "request.json")
    with open(path, "w") as file:
        file.write(messages.encode(request))
    with open(request.output, "ab") as output:
        started = subprocess.Popen(
            [sys.executable, "-I", os.path.join(FOLDER, request.program), path],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=lambda: prctl(PR_SET_PDEATHSIG, signal.SIGKILL),  # kept over the exec; this process has no threads
        )
    return started.pid


def watch(cell: int, request: messages.Request, wake: int) -> messages.ProcessEnd:
    """Wait until the cell exits or passes a limit, and return which it was."""
    started = time.monotonic()
    # Growth of the events file is the sign of life: the limit is for one case, and the cell may run many.
    seen, last, peak = -1, started, 0
    while True:
        pid, status = os.waitpid(cell, os.WNOHANG)
        if pid:
            code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
            number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
            return messages.ProcessEnd(reason=messages.EndReason.EXITED, code=code, signal=number, peak_bytes=peak)
        now, size = time.monotonic(), size_of(request.events)
        if size != seen:
            seen, last = size, now
        peak = max(peak, memory_of(descendants(os.getpid())))
        if peak > request.memory_bytes:
            return messages.ProcessEnd(reason=messages.EndReason.MEMORY, peak_bytes=peak)
        if now - last > request.case_seconds:
            return messages.ProcessEnd(reason=messages.EndReason.TIMED_OUT, peak_bytes=peak)
        if select.select([wake], [], [], POLL_SECONDS)[0]:
            os.read(wake, 4096)


def leave(cell: int, request: messages.Request, end: messages.ProcessEnd) -> NoReturn:
    """End all that remains of the cell, write how it ended, and exit."""
    end_group(cell)
    end_descendants()
    path = messages.end_file(request)
    with open(path + ".part", "w") as file:
        file.write(messages.encode(end))
    os.rename(path + ".part", path)  # whole or not at all: the zygote takes a guardian without it for killed
    os._exit(0)


def end_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def end_descendants() -> None:
    """Kill and reap until nothing is below this process: one that is killed hands its children up to here."""
    while True:
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.005)


def descendants(root: int) -> list[int]:
    """List every process below `root`; empty where there is no /proc."""
    below: list[int] = []
    todo = [root]
    while todo:
        direct = children(todo.pop())
        below += direct
        todo += direct
    return below


def children(pid: int) -> list[int]:
    """List the children of a process. Linux has them per thread, in /proc/PID/task/TID/children."""
    pids: list[int] = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(path) as file:
                pids += [int(child) for child in file.read().split()]
        except OSError:
            continue  # the thread ended meanwhile
    return pids


def memory_of(pids: Sequence[int]) -> int:
    """Sum the resident bytes of processes, without files and shared memory. Pages that a fork inherited count in each."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/statm") as file:
                _, resident, shared = file.read().split()[:3]
        except OSError:
            continue
        total += (int(resident) - int(shared)) * PAGE
    return total


def size_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
