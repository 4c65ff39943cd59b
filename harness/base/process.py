"""The one place that starts processes: argv lists, an allow-listed environment, always a limit, the whole group ended.

Owns nothing of what is run. Everything the project starts is started here, except inside a cell (`harness/incell`).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.base.watcher import notice_without_threads

# Every variable that reaches a child, and why. A name that ends in * is a prefix.
FOR_TOOLS: Mapping[str, str] = {
    "PATH": "tools and interpreters are found there",
    "HOME": "uv's cache and configuration live below it",
    "XDG_*": "the same, where a user moved them",
    "LANG": "encoding of messages",
    "LC_*": "encoding of messages",
    "TMPDIR": "builds unpack there",
    "UV_*": "the user's own settings of uv: cache, index, offline",
    "PYENV_ROOT": "interpreters",
    "all_proxy": "the way to the index",
    "ALL_PROXY": "the way to the index",
    "http*_proxy": "the way to the index",
    "HTTP*_PROXY": "the way to the index",
    "no_proxy": "the way to the index",
    "NO_PROXY": "the way to the index",
    "SSL_CERT_FILE": "the way to the index",
    "SSL_CERT_DIR": "the way to the index",
    "NETRC": "credentials of a private index",
}
FOR_CELLS: Mapping[str, str] = {
    "PATH": "a C compiler or shell that a package under test may call",
    "LANG": "encoding of messages",
    "LC_*": "encoding of messages",
    "LD_LIBRARY_PATH": "libraries of accelerators",
    "CUDA_VISIBLE_DEVICES": "the GPUs that a user leaves to this; cells of other devices see none",
    "TPU_*": "which TPUs, and how their library finds them",
}
GRACE_SECONDS = 3.0
EXIT_POLL_SECONDS = 0.01
NOTICE_SECONDS = 5.0
"""How long after the exit of a process asyncio may take to notice it."""
KILLED_SECONDS = 60.0
"""How long a process that got SIGKILL is waited for: the kernel may hold it, on a disk that doesn't answer."""
WITH_DRIVER = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
os.getppid() == int(sys.argv[1]) or os._exit(137)
os.execvp(sys.argv[2], sys.argv[2:])
"""
"""Becomes another program, which the kernel kills when the driver dies (PR_SET_PDEATHSIG, kept over an exec). In a program of
its own, some 10 ms, because code between fork and exec is unsafe in a driver that has threads."""

notice_without_threads()


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The end of a process. `code` is negative for a signal, None when it was ended at its limit."""

    code: int | None
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        return self.code == 0


def environment(allowed: Mapping[str, str], extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the allow-listed part of this process's environment, updated with `extra`."""
    return {name: value for name, value in os.environ.items() if _is_allowed(name, allowed)} | dict(extra or {})


def _is_allowed(name: str, allowed: Mapping[str, str]) -> bool:
    for pattern in allowed:
        head, star, tail = pattern.partition("*")
        if name == pattern or (star and name.startswith(head) and name.endswith(tail)):
            return True
    return False


async def run_async(
    argv: Sequence[str | Path],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    allowed: Mapping[str, str] = FOR_TOOLS,
    with_driver: bool = False,
) -> Completed:
    """Run to the end, or for `timeout` seconds, and return the output. The whole process group is ended in every case.

    `with_driver`: the kernel ends it, on Linux, when this process is killed, so that it never writes into what another run uses.
    A process that left the group (setsid) can't be ended from here; it just isn't waited for.
    """
    process = await asyncio.create_subprocess_exec(
        *map(str, _bound_to_driver(argv) if with_driver else argv),
        env=environment(allowed, env),
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # the child leads a group of its own, so that one signal reaches all that it starts
    )
    talk = asyncio.ensure_future(process.communicate(None if stdin is None else stdin.encode()))
    try:
        # `wait` and not `wait_for`, which would cancel `talk` at the limit and lose the output so far.
        finished, _ = await asyncio.wait({talk}, timeout=timeout)
        if not finished:
            await end_group(process)
            # A process that left the group may still hold the pipes: what it says after its limit is not waited for.
            await asyncio.wait({talk}, timeout=GRACE_SECONDS)
        out, err = talk.result() if talk.done() else (b"", b"")
        return Completed(code=process.returncode if finished else None, stdout=_text(out), stderr=_text(err))
    finally:
        # Also after a clean exit: the process may have left children in its group.
        await end_group(process)
        talk.cancel()
        _let_go(process)


def _bound_to_driver(argv: Sequence[str | Path]) -> Sequence[str | Path]:
    if not sys.platform.startswith("linux"):
        return argv
    return [sys.executable, "-I", "-S", "-c", WITH_DRIVER, str(os.getpid()), *argv]


def run_process(
    argv: Sequence[str | Path], *, timeout: float, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Completed:
    """Run like `run_async`, for callers outside an event loop."""
    return asyncio.run(run_async(argv, timeout=timeout, env=env, cwd=cwd))


async def end_group(process: asyncio.subprocess.Process) -> None:
    """End a process started with `start_new_session=True` and all that it started: SIGTERM, a grace, SIGKILL."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    # The leader may exit at SIGTERM while its children ignore it, so the group gets SIGKILL in either case.
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(_exit_of(process), GRACE_SECONDS)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    # Bounded, or a driver whose process can't end would hang for ever, and not end by SIGTERM either.
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(_exit_of(process), KILLED_SECONDS)


async def _exit_of(process: asyncio.subprocess.Process) -> None:
    """Wait for the process's own exit, and a while for asyncio to notice it; without that `returncode` stays None.

    `Process.wait` of some Pythons (3.11.7) also waits for the pipes, which a process that left the group may hold for ever.
    """
    exited_at: float | None = None
    while process.returncode is None:
        if exited_at is None and _has_exited(process.pid):
            exited_at = time.monotonic()
        if exited_at is not None and time.monotonic() - exited_at > NOTICE_SECONDS:
            return
        await asyncio.sleep(EXIT_POLL_SECONDS)


def _has_exited(pid: int) -> bool:
    """Return whether the kernel says that a child exited, without reaping it, which is asyncio's part."""
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # reaped already
        return True


def _let_go(process: asyncio.subprocess.Process) -> None:
    """Close our ends of the pipes; they would stay open as long as a process that left the group holds the other ends."""
    transport = getattr(process, "_transport", None)  # asyncio has no public way
    if transport is not None:
        transport.close()


def signal_name(number: int) -> str:
    """Return a signal's name, SIGSEGV for 11; one without a name keeps its number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "replace")
