"""The address that cells ask: JSON lines over TCP, on this machine only, one question a connection.

    {"op": "compile", "hlo": "/abs/file.pb", "chip": "v5e", "chips": 1, "split": [], "made_by": DIGEST}
    {"op": "compile", "made_by": DIGEST, "chip": "v6e"}
    {"op": "run", "hlo": "/abs/file.pb", "arguments": "/abs/arguments.npz"}

The answer is an `answers.Answer`, also to what is no question. A program that came with `made_by`, a digest of what made it,
is kept as long as the service lives: TensorFlow makes the same program for every chip, and whoever asks about the next one
need not make it again.
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
from harness.services.tpu_compiler.answers import REQUEST, Answer, Compile, Hlo, Numbers, Run, Verdict
from harness.services.tpu_compiler.chips import CHIPS, Chip
from harness.services.tpu_compiler.environment import WORKER, digest
from harness.services.tpu_compiler.kept import Place, Shelf
from harness.services.tpu_compiler.supervisor import Limits, Said, Supervisor

LOOPBACK = "127.0.0.1"
LINE_BYTES = 2**20
UNKNOWN = "no program came with this made_by"


class Answering(Protocol):
    """What can be served."""

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...

    async def answer(self, line: bytes) -> Answer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """In place of a compiler that this machine can't have: says so to every question."""

    message: str

    async def warm_up(self) -> None:
        return

    async def close(self) -> None:
        return

    async def answer(self, line: bytes) -> Answer:
        del line
        return Answer(outcome=Verdict.UNAVAILABLE, message=self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A file with a program, and what the worker saw in it."""

    hlo: Path
    seen: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """Answers questions by what is kept, else by the worker. What it died of is not tried again before the next start."""

    supervisor: Supervisor
    shelf: Shelf
    _made: dict[str, Made] = field(default_factory=dict)
    _turns: dict[Place, asyncio.Lock] = field(default_factory=dict)
    _died_of: dict[Place, Answer] = field(default_factory=dict)

    async def warm_up(self) -> None:
        await self.supervisor.warm_up()

    async def close(self) -> None:
        await self.supervisor.close()

    async def answer(self, line: bytes) -> Answer:
        try:
            request = REQUEST.validate_json(line)
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            return Answer(outcome=Verdict.INVALID, message=f"no such question: {problems}")
        match request:
            case Compile():
                return await self._compile(request)
            case Run():
                said = await self.supervisor.ask(request.model_dump(mode="json"))
                return Answer.model_validate(said)
            case _:
                assert_never(request)

    async def _compile(self, request: Compile) -> Answer:
        chip = CHIPS.get(request.chip)
        topology = chip.topology(request.chips) if chip else None
        if chip is None:
            return Answer(outcome=Verdict.INVALID, message=f"no chip {request.chip}; there are {', '.join(CHIPS)}")
        if topology is None:
            most = max(chip.topologies)
            return Answer(
                outcome=Verdict.INVALID, message=f"no topology of {request.chips} {chip.name} devices; the largest has {most}"
            )
        made = self._made.get(request.made_by or "") if request.hlo is None else await self._look(request.hlo)
        if made is None:
            return Answer(outcome=Verdict.INVALID, message=UNKNOWN)
        if "outcome" in made.seen:
            return Answer.model_validate(made.seen)
        self._keep(request, made)
        hlo, seen = made.hlo, made.seen
        place = Place(program=seen["program"], topology=topology, devices=request.chips, split=tuple(sorted(set(request.split))))
        async with self._turns.setdefault(place, asyncio.Lock()):  # the same program, asked twice at once, is compiled once
            if known := self._died_of.get(place) or self.shelf.find(place):
                return reused(known, seen, chip)
            question = {"op": "compile", "hlo": str(hlo), "topology": topology, "devices": place.devices}
            said = await self.supervisor.ask({**question, "split": place.split})
            answer = judged(chip, seen, said)
            self.shelf.keep(place, answer)
            if answer.outcome in (Verdict.CRASHED, Verdict.TIMED_OUT, Verdict.MEMORY):
                self._died_of[place] = answer
            return answer

    async def _look(self, hlo: Path) -> Made:
        return Made(hlo=hlo, seen=await self.supervisor.ask({"op": "look", "hlo": str(hlo)}))

    def _keep(self, request: Compile, made: Made) -> None:
        """A copy, for the cell's own file goes with the cell."""
        if request.made_by is not None and request.made_by not in self._made:
            kept = self.supervisor.workdir / f"{request.made_by}.hlo"
            with contextlib.suppress(OSError):  # then the next one makes it again
                shutil.copyfile(made.hlo, kept)
                self._made[request.made_by] = replace(made, hlo=kept)


def judged(chip: Chip, seen: Said, said: Said) -> Answer:
    """What the worker says of a program, with what the chip can do at most."""
    told = {name: said[name] for name in ("collectives", "collective_bytes") if name in said}
    facts = {name: value for name, value in said.items() if name not in ("numbers", *told)}
    found = bounded(chip, Numbers(**said.get("numbers", {})))
    hlo = Hlo(**seen["hlo"], **told)
    return Answer.model_validate({**facts, "program": seen["program"], "numbers": found, "hlo": hlo})


def reused(known: Answer, seen: Said, chip: Chip) -> Answer:
    """What was said before of the same program, with what this writing of it has."""
    written = Hlo(**seen["hlo"])
    hlo = known.hlo.model_copy(update=written.model_dump(exclude={"collectives", "collective_bytes"}))
    return known.model_copy(update={"reused": True, "numbers": bounded(chip, known.numbers), "hlo": hlo})


def bounded(chip: Chip, found: Numbers) -> Numbers:
    """With what the chip has and can do at most."""
    facts: dict[str, float] = {"chip_bytes": chip.device_bytes}
    if found.flops is not None and found.bytes_accessed is not None:
        facts["roofline_us"] = round(chip.roofline_us(found.flops, found.bytes_accessed), 4)
    return found.model_copy(update=facts)


def compiler_in(environment: Venv, places: Workspace, workdir: Path, limits: Limits | None = None) -> Compiler:
    """The compiler of an environment, with what earlier runs here kept."""
    command = (environment.python, "-I", WORKER)
    supervisor = Supervisor(command=command, workdir=workdir, limits=limits or Limits())
    return Compiler(supervisor=supervisor, shelf=Shelf(folder=places.compiled, compiler=digest()))


def digest_of_answers() -> str:
    """Of everything that can change an answer: the compiler, and what is made of its words."""
    sources = (Path(str(module.__file__)) for module in (answers, chips))
    return hashlib.sha256("".join([digest(), *(path.read_text() for path in (*sources, Path(__file__)))]).encode()).hexdigest()


@contextmanager
def serving(compiler: Answering, *, port: int = 0) -> Iterator[str]:
    """Serve from a thread of this process until the block ends; gives the address, host:port."""
    ready: threading.Event = threading.Event()
    found: list[str | OSError] = []
    ending: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    talks: set[asyncio.Task[None]] = set()

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
            found.append(error)
            return
        else:
            found.append(f"{LOOPBACK}:{server.sockets[0].getsockname()[1]}")
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
    address = found[0]
    if isinstance(address, OSError):
        thread.join()
        raise address
    try:
        yield address
    finally:
        loop, end = ending[0]
        loop.call_soon_threadsafe(end.set)
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
