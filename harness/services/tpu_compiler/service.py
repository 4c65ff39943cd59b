"""The socket that cells ask: JSON lines, one question a connection, in a folder that no other user can enter.

    {"op": "compile", "hlo": "/abs/file.pb", "chip": "v5e", "chips": 1, "split": [], "made_by": DIGEST}
    {"op": "compile", "made_by": DIGEST, "chip": "v6e"}
    {"op": "run", "hlo": "/abs/file.pb", "arguments": "/abs/arguments.npz"}

The answer is an `answers.CompilerAnswer`, also to a line that isn't a request. A program that came with `made_by`, a digest
of all that made it, is kept as long as the service lives: TensorFlow makes the same program for every chip, so a case that asks
about the next chip need not make it again.

What a question names is copied into the service's own folder before the worker sees it: regular files only, and nothing is written
beside them. The worker may do what a cell inside its fence may not, so it reads and writes by names that no cell chose.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError
from typing_extensions import assert_never

from harness.base.files import open_regular, private_folder
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

LINE_BYTES = 2**20
SOCKET = "socket"
SOCKET_NAME_BYTES = 100
"""A few less than what the kernels take: 107 on Linux, 103 on macOS."""
INPUT_BYTES = 2**31
"""Of a program, or of its arguments: no serialized message is larger."""
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
    """The service's copy of a program, and the worker's look into it."""

    hlo: Path
    seen: Message


class NotCopied(Exception):
    """A file that a question names can't be copied: `invalid`, or the trouble of this machine."""

    def __init__(self, outcome: CompileOutcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


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
        try:
            match request:
                case CompileRequest():
                    return await self._compile(request)
                case RunRequest():
                    return await self._run(request)
                case _:
                    assert_never(request)
        except NotCopied as error:
            return CompilerAnswer(outcome=error.outcome, message=str(error))
        except OSError as error:
            return CompilerAnswer(outcome=CompileOutcome.UNAVAILABLE, message=f"the compiler's folder: {error.strerror}")

    async def _run(self, request: RunRequest) -> CompilerAnswer:
        # A new folder for each: its arguments go once the answer is there, its outputs with the service.
        folder = Path(tempfile.mkdtemp(dir=make_folders(self.supervisor.workdir)))
        hlo, arguments = folder / "program.hlo", folder / "arguments.npz"
        try:
            copy_of(request.hlo, hlo)
            copy_of(request.arguments, arguments)
            reply = await self.supervisor.ask({"op": "run", "hlo": str(hlo), "arguments": str(arguments)})
        finally:
            hlo.unlink(missing_ok=True)
            arguments.unlink(missing_ok=True)
        return CompilerAnswer.model_validate(
            with_source_name(with_source_name(reply, hlo, request.hlo), arguments, request.arguments)
        )

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
        if request.hlo is None:
            program = self._programs.get(request.made_by or "")
            if program is None:
                return CompilerAnswer(outcome=CompileOutcome.INVALID, message=UNKNOWN)
            return await self._compile_program(request, program, chip, topology)
        make_folders(self.supervisor.workdir)
        hlo = self.supervisor.workdir / f"{secrets.token_hex(16)}.hlo"
        try:
            copy_of(request.hlo, hlo)
            program = SourceProgram(hlo=hlo, seen=await self.supervisor.ask({"op": "look", "hlo": str(hlo)}))
            if "outcome" in program.seen:
                return CompilerAnswer.model_validate(with_source_name(program.seen, hlo, request.hlo))
            if request.made_by is not None:
                self._programs.setdefault(request.made_by, program)
            return await self._compile_program(request, program, chip, topology)
        finally:
            if hlo not in (program.hlo for program in self._programs.values()):
                hlo.unlink(missing_ok=True)

    async def _compile_program(
        self, request: CompileRequest, program: SourceProgram, chip: Chip, topology: tuple[str, str]
    ) -> CompilerAnswer:
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


def make_folders(workdir: Path) -> Path:
    """Create the folder of a service, for its owner alone, and the one in it for what programs give that are run; return that."""
    private_folder(workdir)
    return private_folder(outputs_of(workdir))


def outputs_of(workdir: Path) -> Path:
    return workdir / "outputs"


def copy_of(source: Path, target: Path) -> None:
    """Copy a file that a question names to `target`, which must not exist. Raises NotCopied."""
    try:
        reader = open_regular(source, most_bytes=INPUT_BYTES)
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = error.strerror if isinstance(error, OSError) else error
        raise NotCopied(CompileOutcome.INVALID, f"{source}: {reason}") from error
    try:
        with reader, target.open("xb") as writer:
            shutil.copyfileobj(reader, writer)
    except OSError as error:
        raise NotCopied(CompileOutcome.UNAVAILABLE, f"{source} can't be copied: {error.strerror}") from error


def with_source_name(reply: Message, copy: Path, source: Path) -> Message:
    """Return the worker's reply with a file's own name in the place of its copy's."""
    texts = {name: reply[name].replace(str(copy), str(source)) for name in ("message", "evidence") if name in reply}
    return {**reply, **texts}


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
def socket_in(folder: Path) -> Iterator[Path]:
    """Yield the path for a socket in a private folder; in a temporary one where that path would be too long for a socket."""
    make_folders(folder)
    with ExitStack() as stack:
        for parent in (None, "/tmp"):
            if len(os.fsencode(folder / SOCKET)) > SOCKET_NAME_BYTES:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=parent, prefix="hubmatrix-")))
        yield folder / SOCKET
        (folder / SOCKET).unlink(missing_ok=True)


@contextmanager
def serving(compiler: Answering, folder: Path) -> Iterator[str]:
    """Serve from a thread of this process until the block ends; yield the path of the socket, which is in `folder` if it fits."""
    with socket_in(folder) as path, _listening(compiler, path):
        yield str(path)


@contextmanager
def _listening(compiler: Answering, path: Path) -> Iterator[None]:
    # A thread with an event loop of its own: callers are synchronous, and run loops of their own while questions are answered.
    # It sets `ready` when it listens or can't; then `refusals` has the error.
    ready: threading.Event = threading.Event()
    refusals: list[OSError] = []
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
            server = await asyncio.start_unix_server(talk, path, limit=LINE_BYTES)
        except OSError as error:
            refusals.append(error)
            return
        else:
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
    if refusals:
        thread.join()
        raise refusals[0]
    try:
        yield
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
