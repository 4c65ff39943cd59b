"""Start a zygote, ask it for processes, end it: the driver's side. The other side is `harness/incell/zygote.py`."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from typing_extensions import assert_never

from harness.base.process import FOR_CELLS, end_group, environment, signal_name
from harness.domain import Status, Trouble
from harness.environments.shortage import shortage
from harness.environments.uv import Failure
from harness.incell.hubmatrix_messages import (
    EndReason,
    Opened,
    OpeningEvent,
    ProcessEnd,
    Request,
    Setup,
    encode,
    read_ended,
    read_opened,
)
from harness.run.ends import FROM_OUTSIDE
from harness.run.keys import INCELL

CANT_FLUSH = 120
"""Exit code of a Python that could not write what it had printed, as on a full disk."""
LINE_BYTES = 2**26
"""The longest line of the control socket. asyncio's default of 64 KiB is less than some imports print, and ended the listener."""


class Zygote:
    """A running zygote. Made by `open_zygote`; `close` ends it and all its cells."""

    def __init__(self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._waiting: dict[str, asyncio.Future[ProcessEnd]] = {}
        self._listener = asyncio.create_task(self._listen())

    async def run(self, request: Request) -> ProcessEnd:
        """Run one process to its end."""
        ended: asyncio.Future[ProcessEnd] = asyncio.get_running_loop().create_future()
        if self._listener.done():  # nothing would ever settle a request
            return ProcessEnd(reason=EndReason.LOST)
        self._waiting[request.id] = ended
        self._writer.write(encode(request).encode() + b"\n")
        return await ended

    async def close(self) -> None:
        """End the zygote, and all its cells with it."""
        # The end of its socket makes the zygote end its guardians, which end their cells. It gives them 2 s, and gets more itself.
        self._listener.cancel()
        self._writer.close()
        try:
            await asyncio.wait_for(self._process.wait(), 5.0)
        except asyncio.TimeoutError:
            pass
        finally:
            await end_group(self._process)

    async def _listen(self) -> None:
        while line := await _readline(self._reader):
            self._settle(*read_ended(line.decode()))
        # End of file: the zygote is gone, and its processes with it.
        for process in tuple(self._waiting):
            self._settle(process, ProcessEnd(reason=EndReason.LOST))

    def _settle(self, process: str, end: ProcessEnd) -> None:
        waiting = self._waiting.pop(process, None)
        if waiting and not waiting.done():  # done: its caller was cancelled
            waiting.set_result(end)


@asynccontextmanager
async def running_zygote(
    python: Path, setup: Setup, settings: Mapping[str, str], log: Path, *, timeout: float
) -> AsyncIterator[Zygote | Failure]:
    """Open a zygote for the length of the block; yield it, or the reason why the environment can't run cells."""
    zygote = await open_zygote(python, setup, settings, log, timeout=timeout)
    try:
        yield zygote
    finally:
        if isinstance(zygote, Zygote):
            await zygote.close()


async def open_zygote(python: Path, setup: Setup, settings: Mapping[str, str], log: Path, *, timeout: float) -> Zygote | Failure:
    """Start the interpreter of an environment and import what all its cells import.

    A Failure says why the environment can't run cells: the import raised, crashed or took too long, or the machine ended it.
    """
    ours, theirs = socket.socketpair()
    with theirs, log.open("wb") as output:
        # `-I` keeps the user's site-packages and PYTHONPATH out of what is tested. In a session of its own, so that Ctrl-C in a
        # terminal reaches the driver alone, and `end_group` never the driver.
        process = await asyncio.create_subprocess_exec(
            *(str(python), "-I", str(INCELL / "zygote.py"), str(theirs.fileno())),
            pass_fds=[theirs.fileno()],
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment(FOR_CELLS, {**settings, "HOME": str(log.parent), "TMPDIR": str(log.parent)}),
            cwd=log.parent,
            start_new_session=True,
        )
    reader, writer = await asyncio.open_connection(sock=ours, limit=LINE_BYTES)
    try:
        writer.write(encode(setup).encode() + b"\n")
        answer = await asyncio.wait_for(_readline(reader), timeout)
    except asyncio.TimeoutError:
        await _abandon(process, writer)
        late = f"import took longer than {timeout:.0f} s"
        return Failure(status=Status.TIMED_OUT, trouble=None, message=late, evidence=_tail(log))
    except BaseException:
        await _abandon(process, writer)
        raise
    opened = read_opened(answer.decode()) if answer else None
    if opened and opened.event is OpeningEvent.READY:
        return Zygote(process, reader, writer)
    await _abandon(process, writer)
    return _import_trouble(opened) if opened else _died(process.returncode, log)


def _import_trouble(opened: Opened) -> Failure:
    match opened.event:
        case OpeningEvent.TOOLCHAIN_FAILED:
            message = f"pytest can't be imported beside these packages: {opened.message.partition(chr(10))[0]}"
            return Failure(status=Status.UNAVAILABLE, trouble=Trouble.TOOLCHAIN, message=message, evidence=opened.evidence)
        case OpeningEvent.IMPORT_FAILED | OpeningEvent.READY:
            message = next((line for line in opened.message.splitlines() if line.strip()), "")
            if short := shortage(opened.message):
                words = f"{short.message} during the import: {message}"
                return Failure(status=Status.UNAVAILABLE, trouble=short.trouble, message=words, evidence=opened.evidence)
            return Failure(status=Status.IMPORT_FAILED, trouble=None, message=message, evidence=opened.evidence)
        case _:
            assert_never(opened.event)


def _died(code: int | None, log: Path) -> Failure:
    # No guardian watches an import, and an import that takes too long has returned before this: SIGKILL came from outside.
    if code is not None and -code in FROM_OUTSIDE:
        why = ": out of memory, or by hand" if code == -signal.SIGKILL else ""
        message = f"the import was killed from outside ({signal_name(-code)}){why}"
        return Failure(status=Status.UNAVAILABLE, trouble=Trouble.KILLED, message=message, evidence=_tail(log))
    if code == CANT_FLUSH:
        message = "the import could not write its output: the disk is full"
        return Failure(status=Status.UNAVAILABLE, trouble=Trouble.DISK, message=message, evidence=_tail(log))
    if code == -signal.SIGILL:
        message = "the import was ended by SIGILL: this processor lacks an instruction that the packages were built for"
        return Failure(status=Status.UNAVAILABLE, trouble=Trouble.DEVICE, message=message, evidence=_tail(log))
    how = f"by {signal_name(-code)}" if code and code < 0 else f"the interpreter with exit code {code}"
    return Failure(status=Status.IMPORT_FAILED, trouble=None, message=f"import ended {how}", evidence=_tail(log))


async def _abandon(process: asyncio.subprocess.Process, writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await asyncio.wait_for(process.wait(), 1.0)
    except asyncio.TimeoutError:
        pass
    finally:
        await end_group(process)


async def _readline(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except ConnectionError:
        return b""


def _tail(log: Path, limit: int = 8000) -> str:
    return log.read_bytes()[-limit:].decode("utf-8", "replace") if log.is_file() else ""
