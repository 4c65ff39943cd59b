"""The guardian of one cell: a small process between the zygote and the cell that lets nothing outlive its limits.

It forks (or starts) the cell, then waits for one of: the cell ends; no event for `case_seconds`; more memory than
`memory_bytes`, summed over the cell and all that it started. Then it ends whatever is left of the cell, also processes
that left its group: as a child subreaper (Linux) the guardian is the parent of every orphan below it.

Standard library only, Python 3.7 syntax.
"""

from __future__ import annotations

import contextlib
import ctypes
import glob
import json
import os
import select
import signal
import subprocess
import sys
import time
from typing import Any, Callable, Dict, NoReturn, Sequence

Request = Dict[str, Any]
Verdict = Dict[str, Any]
Run = Callable[[Request], int]
POLL_SECONDS = 0.1
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PAGE = os.sysconf("SC_PAGE_SIZE")


def guard(request: Request, run: Run | None) -> NoReturn:
    """Be the guardian: never returns. `run` is called in the forked cell; None starts a fresh interpreter instead."""
    os.setpgid(0, 0)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    wake = wake_on_child_exit()
    cell = start_fresh(request) if run is None else start_fork(request, run)
    signal.signal(signal.SIGTERM, lambda *_: leave(cell, request, {"reason": "ended", "code": None, "signal": None}))
    verdict = watch(cell, request, wake)
    leave(cell, request, verdict)


def prctl(option: int, value: int) -> None:
    """Linux only; elsewhere processes that leave the cell's group may outlive it."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def wake_on_child_exit() -> int:
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    os.set_blocking(readable, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    return readable


def start_fork(request: Request, run: Run) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.setpgid(0, 0)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
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
        os._exit(code)


def start_fresh(request: Request) -> int:
    path = os.path.join(request["workdir"], "request.json")
    with open(path, "w") as file:
        json.dump(request, file)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cell.py")
    with open(request["output"], "ab") as output:
        started = subprocess.Popen(
            [sys.executable, "-I", script, path], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    return started.pid


def watch(cell: int, request: Request, wake: int) -> Verdict:
    """Wait for the end, whichever comes first, and say which it was."""
    limits = request["limits"]
    started = time.monotonic()
    seen, last, peak = -1, started, 0
    while True:
        pid, status = os.waitpid(cell, os.WNOHANG)
        if pid:
            code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
            number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
            return {"reason": "exited", "code": code, "signal": number, "peak_bytes": peak}
        now, size = time.monotonic(), size_of(request["events"])
        if size != seen:
            seen, last = size, now
        peak = max(peak, memory_of(descendants(os.getpid())))
        if peak > limits["memory_bytes"]:
            return {"reason": "memory", "code": None, "signal": None, "peak_bytes": peak}
        if now - last > limits["case_seconds"]:
            return {"reason": "timed_out", "code": None, "signal": None, "peak_bytes": peak}
        if select.select([wake], [], [], POLL_SECONDS)[0]:
            os.read(wake, 4096)


def leave(cell: int, request: Request, verdict: Verdict) -> NoReturn:
    """End what is left, say how it ended, be gone."""
    end_group(cell)
    verdict["left_running"] = end_descendants()
    path = os.path.join(request["workdir"], "verdict.json")
    with open(path + ".part", "w") as file:
        json.dump(verdict, file)
    os.rename(path + ".part", path)
    os._exit(0)


def end_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def end_descendants() -> int:
    """Kill and reap until nothing is below this process; returns how many processes the cell had left behind."""
    killed: set[int] = set()
    while True:
        left = descendants(os.getpid())
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
            except ProcessLookupError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return len(killed)
        time.sleep(0.005)


def descendants(root: int) -> list[int]:
    """Every process below `root`; empty where there is no /proc."""
    found: list[int] = []
    todo = [root]
    while todo:
        below = children(todo.pop())
        found += below
        todo += below
    return found


def children(pid: int) -> list[int]:
    """Linux lists them per thread, in /proc/PID/task/TID/children."""
    found: list[int] = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(path) as file:
                found += [int(child) for child in file.read().split()]
        except OSError:
            continue
    return found


def memory_of(pids: Sequence[int]) -> int:
    """Bytes resident in these processes, without files and shared memory; what a fork inherited counts in each."""
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
