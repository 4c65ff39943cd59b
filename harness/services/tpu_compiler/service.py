"""The address that cells ask: JSON lines over TCP, on this machine only, one question a connection.

    {"op": "compile", "hlo": "/abs/file.pb", "chip": "v5e", "chips": 1, "split": [], "made_by": DIGEST}
    {"op": "compile", "made_by": DIGEST, "chip": "v6e"}
    {"op": "run", "hlo": "/abs/file.pb", "arguments": "/abs/arguments.npz"}

The answer is an `answers.CompilerAnswer`, also to a line that isn't a request. A program that came with `made_by`, a digest
of all that made it, is kept as long as the service lives: TensorFlow makes the same program for every chip, so a case that asks
about the next chip need not make it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError
from typing_extensions import assert_never

from harness.base.workspace import Workspace
from harness.environments.venv import Venv
from harness.services.tpu_compiler import answers, chips
from harness.services.tpu_compiler.answer_store import AnswerStore, CompileTarget
from harness.services.tpu_compiler.answers import (
    REQUEST,
    CompileOutcome,
    CompilerAnswer,
    CompileRequest,
    DeviceNumbers,
    Hlo,
    RunRequest,
)
from harness.services.tpu_compiler.chips import CHIPS, Chip
from harness.services.tpu_compiler.environment import WORKER, compiler_digest
from harness.services.tpu_compiler.supervisor import Message, Supervisor, WorkerLimits

LOOPBACK = "127.0.0.1"
LINE_BYTES = 2**20
UNKNOWN = "no program came with this made_by"


class Answering(Protocol):
    """A compiler, or a stand-in, that can be served."""

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...

    async def answer(self, line: bytes) -> CompilerAnswer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingCompiler:
    """Stands in for a compiler that this machine can't run: says so to every request."""

    message: str

    async def warm_up(self) -> None:
        return

    async def close(self) -> None:
        return

    async def answer(self, line: bytes) -> CompilerAnswer:
        del line
        return CompilerAnswer(outcome=CompileOutcome.UNAVAILABLE, message=self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceProgram:
    """A file with a program, and the worker's look into it."""

    hlo: Path
    seen: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """Answers requests from the store, else by the worker. A program that ended the worker isn't tried again by this service."""

    supervisor: Supervisor
    store: AnswerStore
    _programs: dict[str, SourceProgram] = field(default_factory=dict)
    _turns: dict[CompileTarget, asyncio.Lock] = field(default_factory=dict)
    _died_of: dict[CompileTarget, CompilerAnswer] = field(default_factory=dict)

    async def warm_up(self) -> None:
        await self.supervisor.warm_up()

    async def close(self) -> None:
        await self.supervisor.close()

    async def answer(self, line: bytes) -> CompilerAnswer:
        try:
            request = REQUEST.validate_json(line)
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
            return CompilerAnswer(outcome=CompileOutcome.INVALID, message=f"not a request: {problems}")
        match request:
            case CompileRequest():
                return await self._compile(request)
            case RunRequest():
                reply = await self.supervisor.ask(request.model_dump(mode="json"))
                return CompilerAnswer.model_validate(reply)
            case _:
                assert_never(request)

    async def _compile(self, request: CompileRequest) -> CompilerAnswer:
        chip = CHIPS.get(request.chip)
        topology = chip.topology(request.chips) if chip else None
        if chip is None:
            return CompilerAnswer(outcome=CompileOutcome.INVALID, message=f"no chip {request.chip}; there are {', '.join(CHIPS)}")
        if topology is None:
            most = max(chip.topologies)
            return CompilerAnswer(
                outcome=CompileOutcome.INVALID,
                message=f"no topology of {request.chips} {chip.name} devices; the largest has {most}",
            )
        program = self._programs.get(request.made_by or "") if request.hlo is None else await self._look(request.hlo)
        if program is None:
            return CompilerAnswer(outcome=CompileOutcome.INVALID, message=UNKNOWN)
        if "outcome" in program.seen:
            return CompilerAnswer.model_validate(program.seen)
        self._keep(request, program)
        hlo, seen = program.hlo, program.seen
        target = CompileTarget(
            program=seen["program"], topology=topology, devices=request.chips, split=tuple(sorted(set(request.split)))
        )
        # One lock a target: two cells that ask for the same program at once get it compiled once, and an answer from the store
        # waits for no other program. Order of locks: the target's, then the supervisor's turn, never the other way round.
        async with self._turns.setdefault(target, asyncio.Lock()):
            if earlier := self._died_of.get(target) or self.store.find(target):
                return reused(earlier, seen, chip)
            question = {"op": "compile", "hlo": str(hlo), "topology": topology, "devices": target.devices}
            reply = await self.supervisor.ask({**question, "split": target.split})
            answer = judged(chip, seen, reply)
            self.store.keep(target, answer)
            if answer.outcome in (CompileOutcome.CRASHED, CompileOutcome.TIMED_OUT, CompileOutcome.MEMORY):
                self._died_of[target] = answer
            return answer

    async def _look(self, hlo: Path) -> SourceProgram:
        return SourceProgram(hlo=hlo, seen=await self.supervisor.ask({"op": "look", "hlo": str(hlo)}))

    def _keep(self, request: CompileRequest, program: SourceProgram) -> None:
        """Keep a copy of a program for later requests by `made_by`: the cell's own file is deleted with the cell."""
        if request.made_by is not None and request.made_by not in self._programs:
            copy = self.supervisor.workdir / f"{request.made_by}.hlo"
            with contextlib.suppress(OSError):  # then the next cell sends the program again
                shutil.copyfile(program.hlo, copy)
                self._programs[request.made_by] = replace(program, hlo=copy)


def judged(chip: Chip, seen: Message, reply: Message) -> CompilerAnswer:
    """Build the answer from the worker's look at a program, its reply, and what the chip can do at most."""
    collectives = {name: reply[name] for name in ("collectives", "collective_bytes") if name in reply}
    facts = {name: value for name, value in reply.items() if name not in ("numbers", *collectives)}
    numbers = bounded(chip, DeviceNumbers(**reply.get("numbers", {})))
    hlo = Hlo(**seen["hlo"], **collectives)
    return CompilerAnswer.model_validate({**facts, "program": seen["program"], "numbers": numbers, "hlo": hlo})


def reused(earlier: CompilerAnswer, seen: Message, chip: Chip) -> CompilerAnswer:
    """Return an earlier answer about an equal program, with the instruction counts of the program as written this time."""
    written = Hlo(**seen["hlo"])
    hlo = earlier.hlo.model_copy(update=written.model_dump(exclude={"collectives", "collective_bytes"}))
    return earlier.model_copy(update={"reused": True, "numbers": bounded(chip, earlier.numbers), "hlo": hlo})


def bounded(chip: Chip, numbers: DeviceNumbers) -> DeviceNumbers:
    """Add what the chip has and can do at most to the figures of a program."""
    facts: dict[str, float] = {"chip_bytes": chip.device_bytes}
    if numbers.flops is not None and numbers.bytes_accessed is not None:
        facts["roofline_us"] = round(chip.roofline_us(numbers.flops, numbers.bytes_accessed), 4)
    return numbers.model_copy(update=facts)


def compiler_in(environment: Venv, workspace: Workspace, workdir: Path, limits: WorkerLimits | None = None) -> Compiler:
    """Return the compiler of an environment, with the answers that earlier runs kept."""
    command = (environment.python, "-I", WORKER)
    supervisor = Supervisor(command=command, workdir=workdir, limits=limits or WorkerLimits())
    return Compiler(supervisor=supervisor, store=AnswerStore(folder=workspace.compiled, compiler=compiler_digest()))


def digest_of_answers() -> str:
    """Return the digest of everything that can change an answer: the compiler, and the code that reads its words."""
    sources = (Path(str(module.__file__)) for module in (answers, chips))
    return hashlib.sha256(
        "".join([compiler_digest(), *(path.read_text() for path in (*sources, Path(__file__)))]).encode()
    ).hexdigest()


@contextmanager
def serving(compiler: Answering, *, port: int = 0) -> Iterator[str]:
    """Serve from a thread of this process until the block ends; yield the address, host:port."""
    # A thread with an event loop of its own: callers are synchronous, and run loops of their own while questions are answered.
    # It sets `ready` when it listens or can't; then `addresses` has the address or the error.
    ready: threading.Event = threading.Event()
    addresses: list[str | OSError] = []
    ending: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    talks: set[asyncio.Task[None]] = set()  # asyncio itself holds tasks weakly

    def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(task := asyncio.ensure_future(_talk(compiler, reader, writer)))
        task.add_done_callback(talks.discard)

    async def main() -> None:
        end = asyncio.Event()
        ending.append((asyncio.get_running_loop(), end))
        warm = asyncio.ensure_future(compiler.warm_up())
        try:
            server = await asyncio.start_server(talk, LOOPBACK, port, limit=LINE_BYTES)
        except OSError as error:
            addresses.append(error)
            return
        else:
            addresses.append(f"{LOOPBACK}:{server.sockets[0].getsockname()[1]}")
            ready.set()
            await end.wait()
            server.close()  # and not `wait_closed`, which waits for every question that is still open
        finally:
            ready.set()
            left = (warm, *talks)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            await compiler.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True, name="tpu compiler")
    thread.start()
    ready.wait()
    address = addresses[0]
    if isinstance(address, OSError):
        thread.join()
        raise address
    try:
        yield address
    finally:
        loop, end = ending[0]
        loop.call_soon_threadsafe(end.set)  # an event of asyncio may be set in its own loop's thread only
        thread.join()


async def _talk(compiler: Answering, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with contextlib.suppress(ConnectionError, ValueError):  # ValueError: a line longer than any question
            if line := await reader.readline():
                answer = await compiler.answer(line)
                writer.write(answer.as_json().encode() + b"\n")
                await writer.drain()
    finally:
        writer.close()
