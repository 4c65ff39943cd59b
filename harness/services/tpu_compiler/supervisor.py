"""The driver's end of the worker: one warm process, limits on each question, a new process after one that died.

A program that ends the worker costs one question. Whose fault that was is decided here: a signal from outside (SIGKILL,
SIGTERM) isn't the program's, so the question is asked once more; a crash counts only where a fresh worker, which has seen
no other program, crashes too. A worker that twice in a row doesn't even start is not tried again.
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
from harness.services.tpu_compiler.answers import CompileOutcome

LINE_BYTES = 2**26
LOG_BYTES = 8000
WATCH_SECONDS = 0.1
START_ATTEMPTS = 2
# A line of the compiler's log for a failed check, e.g. `F1120 19:38:35.679264   27763 shape_util.cc:1039] Check failed: ...`.
FATAL = re.compile(r"^F\d{4} \S+ +\d+ (?P<what>.+)", re.MULTILINE)
FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """Limits of one question, and of the worker's start. A worker that holds more than `idle_bytes` after an answer is replaced."""

    seconds: float = 300.0
    start_seconds: float = 120.0
    memory_bytes: int = 8 * 2**30
    idle_bytes: int = 3 * 2**30


class WorkerEnd(Enum):
    """The end of a worker. `NOT_STARTED`: before it was ready for a question."""

    DIED = "died"
    TIMED_OUT = "timed_out"
    MEMORY = "memory"
    KILLED = "killed"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedWorker:
    """A worker that ended without an answer. `printed` is the end of its log."""

    end: WorkerEnd
    message: str
    printed: str


Message = Mapping[str, Any]


@dataclass(slots=True)
class Supervisor:
    """Asks a worker, one question at a time. `command` starts it; the number of its socket is added."""

    command: Sequence[str | Path]
    workdir: Path
    limits: WorkerLimits = field(default_factory=WorkerLimits)
    starts: int = 0
    _failed: list[EndedWorker] = field(default_factory=list)
    _worker: _Worker | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, question: Message) -> Message:
        """Return the worker's answer, or one about its end: `outcome`, `message`, `evidence`."""
        async with self._turn:
            killed = False
            # Ends: a worker that isn't fresh is replaced by one that is, and a kill from outside is forgiven once.
            while True:
                worker = await self._ready()
                if isinstance(worker, EndedWorker):
                    return answer_for(worker)
                fresh = worker.answered == 0
                reply = await worker.ask(question, self.limits)
                if not isinstance(reply, EndedWorker):
                    if worker.memory() > self.limits.idle_bytes:
                        await self._end()
                    return reply
                await self._end()
                match reply.end:
                    case WorkerEnd.DIED if not fresh:
                        continue
                    case WorkerEnd.KILLED if not killed:
                        killed = True
                    case _:
                        return answer_for(reply)

    async def warm_up(self) -> None:
        """Start the worker before the first question."""
        async with self._turn:
            await self._ready()

    async def close(self) -> None:
        await self._end()

    async def _ready(self) -> _Worker | EndedWorker:
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


def answer_for(ended: EndedWorker) -> Message:
    """Return the answer to a question whose worker ended."""
    match ended.end:
        case WorkerEnd.DIED:
            verdict = CompileOutcome.CRASHED
        case WorkerEnd.TIMED_OUT:
            verdict = CompileOutcome.TIMED_OUT
        case WorkerEnd.MEMORY:
            verdict = CompileOutcome.MEMORY
        case WorkerEnd.KILLED | WorkerEnd.NOT_STARTED:
            verdict = CompileOutcome.UNAVAILABLE
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
        """Return the resident bytes; 0 for a process that ended."""
        try:
            return int(psutil.Process(self.process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    async def ask(self, question: Message, limits: WorkerLimits) -> Message | EndedWorker:
        log_start = self.log.stat().st_size  # what was printed before belongs to other questions
        reading = asyncio.ensure_future(self._exchange(question))
        try:
            until = asyncio.get_running_loop().time() + limits.seconds
            while not reading.done():
                left = until - asyncio.get_running_loop().time()
                if left <= 0:
                    return self._ended(WorkerEnd.TIMED_OUT, f"no answer from the compiler after {limits.seconds:.0f} s", log_start)
                if (used := self.memory()) > limits.memory_bytes:
                    text = f"the compiler used {_gib(used)} of memory, the limit is {_gib(limits.memory_bytes)}"
                    return self._ended(WorkerEnd.MEMORY, text, log_start)
                await asyncio.wait({reading}, timeout=min(WATCH_SECONDS, left))
            answer = reading.result()
        finally:
            reading.cancel()
        if answer is None:
            return await self._died(log_start)
        self.answered += 1
        return answer

    async def _exchange(self, question: Message) -> Message | None:
        """Send a question and return the answer; None if the worker ended or sends a line that isn't an answer."""
        with suppress(ConnectionError, ValueError):
            self.writer.write(json.dumps(question).encode() + b"\n")
            line = await self.reader.readline()
            answer = json.loads(line) if line else None
            return answer if isinstance(answer, dict) else None
        return None

    async def _died(self, log_start: int) -> EndedWorker:
        """Describe the end of a worker that closed its socket or sent a line that can't be read."""
        # The socket may close a moment before the process can be reaped; its exit code says whose fault it was.
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.process.wait(), 1.0)
        code = self.process.returncode
        if code is None:
            return self._ended(WorkerEnd.DIED, "the compiler's answer can't be read", log_start)
        if code < 0 and -code in FROM_OUTSIDE:
            return self._ended(WorkerEnd.KILLED, f"the compiler was killed from outside ({signal_name(-code)})", log_start)
        how = f"by {signal_name(-code)}" if code < 0 else f"with exit code {code}"
        fatal = FATAL.search(_printed(self.log, log_start))
        return self._ended(WorkerEnd.DIED, f"the compiler ended {how}" + (f": {fatal['what'].strip()}" if fatal else ""), log_start)

    def _ended(self, end: WorkerEnd, message: str, log_start: int) -> EndedWorker:
        return EndedWorker(end=end, message=message, printed=_printed(self.log, log_start))

    async def end(self) -> None:
        self.writer.close()
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.kill()  # SIGKILL: the worker has no state to flush, and a hung one ignores SIGTERM
        await end_group(self.process)


async def _start(command: Sequence[str | Path], workdir: Path, limits: WorkerLimits) -> _Worker | EndedWorker:
    workdir.mkdir(parents=True, exist_ok=True)
    log = workdir / "worker.txt"
    # A socket pair and not the standard streams: libraries print on those what they like.
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
            return EndedWorker(
                end=WorkerEnd.NOT_STARTED, message=f"the compiler can't be started: {error.strerror}", printed=str(error)
            )
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
    return EndedWorker(end=WorkerEnd.NOT_STARTED, message=message, printed=_printed(log, 0))


def _printed(log: Path, start: int) -> str:
    data = log.read_bytes()[start:] if log.is_file() else b""
    return data[-LOG_BYTES:].decode("utf-8", "replace")


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
