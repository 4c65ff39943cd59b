"""The driver's end of a zygote: start it, ask it for cells, end it. The other end is `harness/incell/zygote.py`."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.base.process import FOR_CELLS, end_group, environment, signal_name
from harness.domain import Status, Trouble
from harness.run.keys import INCELL

LINE_BYTES = 2**26
"""What an import may say in one line of the control socket; asyncio's own limit is 64 KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a cell's process ended, as its guardian saw it. `reason`: exited, timed_out, memory, lost (guardian killed)."""

    reason: str
    code: int | None = None
    signal: int | None = None
    peak_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why the environment can't run cells: the import raised, crashed or took too long, or the machine ended it."""

    status: Status
    trouble: Trouble | None
    message: str
    evidence: str


class Zygote:
    """A running zygote. Made by `open_zygote`; `close` ends it and all its cells."""

    def __init__(self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._waiting: dict[str, asyncio.Future[Verdict]] = {}
        self._listener = asyncio.create_task(self._listen())

    async def run(self, request: Mapping[str, object]) -> Verdict:
        """Run one cell process to its end."""
        done: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        if self._listener.done():
            return Verdict(reason="lost")
        self._waiting[str(request["id"])] = done
        self._writer.write(json.dumps(request).encode() + b"\n")
        return await done

    async def close(self) -> None:
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
            message = json.loads(line)
            told = message["verdict"]
            names = ("reason", "code", "signal", "peak_bytes")
            verdict = Verdict(**{name: told[name] for name in names if name in told}) if told else Verdict(reason="lost")
            self._settle(message["id"], verdict)
        for cell in tuple(self._waiting):
            self._settle(cell, Verdict(reason="lost"))

    def _settle(self, cell: str, verdict: Verdict) -> None:
        waiting = self._waiting.pop(cell, None)
        if waiting and not waiting.done():  # done: its caller was cancelled
            waiting.set_result(verdict)


async def open_zygote(
    python: Path, modules: Sequence[str], toolchain: Path, settings: Mapping[str, str], log: Path, *, preload: bool, timeout: float
) -> Zygote | Refused:
    """Start the interpreter of an environment and import what all its cells import."""
    ours, theirs = socket.socketpair()
    with theirs, log.open("wb") as output:
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
        setup = {"modules": list(modules), "toolchain": str(toolchain), "preload": preload}
        writer.write(json.dumps(setup).encode() + b"\n")
        answer = await asyncio.wait_for(_readline(reader), timeout)
    except asyncio.TimeoutError:
        await _abandon(process, writer)
        late = f"import took longer than {timeout:.0f} s"
        return Refused(status=Status.TIMED_OUT, trouble=None, message=late, evidence=_tail(log))
    except BaseException:
        await _abandon(process, writer)
        raise
    message = json.loads(answer) if answer else {"event": "died"}
    if message["event"] == "ready":
        return Zygote(process, reader, writer)
    await _abandon(process, writer)
    return _refused(message, process.returncode, log)


def _refused(message: Mapping[str, str], code: int | None, log: Path) -> Refused:
    if message["event"] == "import_failed":
        said = message["message"].splitlines() or [""]
        first = next((line for line in said if line.strip()), "")
        return Refused(status=Status.IMPORT_FAILED, trouble=None, message=first, evidence=message["evidence"])
    if message["event"] == "toolchain_failed":
        told = f"pytest can't be imported beside these packages: {message['message'].partition(chr(10))[0]}"
        return Refused(status=Status.UNAVAILABLE, trouble=Trouble.TOOLCHAIN, message=told, evidence=message["evidence"])
    if code == -signal.SIGKILL:
        told = "the import was killed from outside (SIGKILL): out of memory, or by hand"
        return Refused(status=Status.UNAVAILABLE, trouble=Trouble.KILLED, message=told, evidence=_tail(log))
    ended = f"by {signal_name(-code)}" if code and code < 0 else f"the interpreter with exit code {code}"
    return Refused(status=Status.IMPORT_FAILED, trouble=None, message=f"import ended {ended}", evidence=_tail(log))


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
