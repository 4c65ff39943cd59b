"""The driver's end of the worker: one warm process, limits on each question, a new process after each that died of one.

A program that ends the worker costs one question. Whose fault that was is decided here: a signal from outside (SIGKILL,
SIGTERM) is nobody's program, so the question is asked once more; a crash counts only where a fresh worker, which no other
program has been through, crashes too. A worker that twice in a row doesn't even start is not tried again.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import psutil
from typing_extensions import assert_never

from harness.base.process import FOR_CELLS, end_group, environment, signal_name
from harness.services.tpu_compiler.answers import Verdict

LINE_BYTES = 2**26
LOG_BYTES = 8000
WATCH_SECONDS = 0.1
START_ATTEMPTS = 2
# A line of the compiler's log for a failed check, e.g. `F1120 19:38:35.679264   27763 shape_util.cc:1039] Check failed: ...`.
FATAL = re.compile(r"^F\d{4} \S+ +\d+ (?P<what>.+)", re.MULTILINE)
FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of one question, and of the worker's start. A worker that holds more than `idle_bytes` after an answer is replaced."""

    seconds: float = 300.0
    start_seconds: float = 120.0
    memory_bytes: int = 8 * 2**30
    idle_bytes: int = 3 * 2**30


class End(Enum):
    """How a worker ended. `NOT_STARTED`: before it was ready for a question."""

    DIED = "died"
    TIMED_OUT = "timed_out"
    MEMORY = "memory"
    KILLED = "killed"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The worker is gone, without an answer. `printed` is the last that it wrote."""

    end: End
    message: str
    printed: str


Said = Mapping[str, Any]


@dataclass(slots=True)
class Supervisor:
    """Asks a worker, one question at a time. `command` starts it; the number of its socket is added."""

    command: Sequence[str | Path]
    workdir: Path
    limits: Limits = field(default_factory=Limits)
    starts: int = 0
    _failed: list[Ended] = field(default_factory=list)
    _worker: _Worker | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, question: Said) -> Said:
        """The worker's answer, or one that says what became of it: `outcome`, `message`, `evidence`."""
        async with self._turn:
            killed = False
            while True:
                worker = await self._ready()
                if isinstance(worker, Ended):
                    return told(worker)
                fresh = worker.answered == 0
                said = await worker.ask(question, self.limits)
                if not isinstance(said, Ended):
                    if worker.memory() > self.limits.idle_bytes:
                        await self._end()
                    return said
                await self._end()
                match said.end:
                    case End.DIED if not fresh:
                        continue
                    case End.KILLED if not killed:
                        killed = True
                    case _:
                        return told(said)

    async def warm_up(self) -> None:
        """Start the worker before anybody asks."""
        async with self._turn:
            await self._ready()

    async def close(self) -> None:
        await self._end()

    async def _ready(self) -> _Worker | Ended:
        if self._worker is not None and self._worker.alive():
            return self._worker
        await self._end()
        if len(self._failed) >= START_ATTEMPTS:
            return self._failed[-1]
        self.starts += 1
        started = await _start(self.command, self.workdir, self.limits)
        if isinstance(started, _Worker):
            self._worker = started
            self._failed.clear()
        else:
            self._failed.append(started)
        return started

    async def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.end()


def told(ended: Ended) -> Said:
    """What a question gets whose worker is gone."""
    match ended.end:
        case End.DIED:
            verdict = Verdict.CRASHED
        case End.TIMED_OUT:
            verdict = Verdict.TIMED_OUT
        case End.MEMORY:
            verdict = Verdict.MEMORY
        case End.KILLED | End.NOT_STARTED:
            verdict = Verdict.UNAVAILABLE
        case _:
            assert_never(ended.end)
    return {"outcome": verdict.value, "message": ended.message, "evidence": ended.printed}


@dataclass(slots=True)
class _Worker:
    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    log: Path
    answered: int = 0

    def alive(self) -> bool:
        return self.process.returncode is None and not self.reader.at_eof()

    def memory(self) -> int:
        """Bytes resident; 0 of a process that is gone."""
        try:
            return int(psutil.Process(self.process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    async def ask(self, question: Said, limits: Limits) -> Said | Ended:
        said = self.log.stat().st_size
        reading = asyncio.ensure_future(self._exchange(question))
        try:
            until = asyncio.get_running_loop().time() + limits.seconds
            while not reading.done():
                left = until - asyncio.get_running_loop().time()
                if left <= 0:
                    return self._ended(End.TIMED_OUT, f"no answer from the compiler after {limits.seconds:.0f} s", said)
                if (held := self.memory()) > limits.memory_bytes:
                    text = f"the compiler used {_gib(held)} of memory, the limit is {_gib(limits.memory_bytes)}"
                    return self._ended(End.MEMORY, text, said)
                await asyncio.wait({reading}, timeout=min(WATCH_SECONDS, left))
            answer = reading.result()
        finally:
            reading.cancel()
        if answer is None:
            return await self._died(said)
        self.answered += 1
        return answer

    async def _exchange(self, question: Said) -> Said | None:
        """None where the worker is gone or says what is no answer."""
        with suppress(ConnectionError, ValueError):
            self.writer.write(json.dumps(question).encode() + b"\n")
            line = await self.reader.readline()
            answer = json.loads(line) if line else None
            return answer if isinstance(answer, dict) else None
        return None

    async def _died(self, said: int) -> Ended:
        """It closed its socket, or talks rubbish: what is left of it is ended."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.process.wait(), 1.0)
        code = self.process.returncode
        if code is None:
            return self._ended(End.DIED, "the compiler's answer can't be read", said)
        if code < 0 and -code in FROM_OUTSIDE:
            return self._ended(End.KILLED, f"the compiler was killed from outside ({signal_name(-code)})", said)
        how = f"by {signal_name(-code)}" if code < 0 else f"with exit code {code}"
        fatal = FATAL.search(_printed(self.log, said))
        return self._ended(End.DIED, f"the compiler ended {how}" + (f": {fatal['what'].strip()}" if fatal else ""), said)

    def _ended(self, end: End, message: str, said: int) -> Ended:
        return Ended(end=end, message=message, printed=_printed(self.log, said))

    async def end(self) -> None:
        self.writer.close()
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.kill()  # it holds nothing that has to be put away, and a hung one heeds nothing else
        await end_group(self.process)


async def _start(command: Sequence[str | Path], workdir: Path, limits: Limits) -> _Worker | Ended:
    workdir.mkdir(parents=True, exist_ok=True)
    log = workdir / "worker.txt"
    ours, theirs = socket.socketpair()
    with theirs, log.open("wb") as output:
        try:
            process = await asyncio.create_subprocess_exec(
                *map(str, command),
                str(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment(FOR_CELLS, {"HOME": str(workdir), "TMPDIR": str(workdir), "TPU_LOG_DIR": str(workdir)}),
                cwd=workdir,
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            return Ended(end=End.NOT_STARTED, message=f"the compiler can't be started: {error.strerror}", printed=str(error))
    reader, writer = await asyncio.open_connection(sock=ours, limit=LINE_BYTES)
    worker = _Worker(process=process, reader=reader, writer=writer, log=log)
    try:
        ready = await asyncio.wait_for(reader.readline(), limits.start_seconds)
        message = "the compiler ended while it started"
    except asyncio.TimeoutError:
        ready, message = b"", f"the compiler was not ready after {limits.start_seconds:.0f} s"
    except BaseException:
        await worker.end()
        raise
    if ready:
        return worker
    await worker.end()
    return Ended(end=End.NOT_STARTED, message=message, printed=_printed(log, 0))


def _printed(log: Path, start: int) -> str:
    data = log.read_bytes()[start:] if log.is_file() else b""
    return data[-LOG_BYTES:].decode("utf-8", "replace")


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
