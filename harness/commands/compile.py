"""`hubmatrix compile` and `hubmatrix compiler`: the TPU compiler for a person's own hands."""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from typing_extensions import assert_never

from harness.base.errors import MachineError, ProgramError, SpecError
from harness.base.workspace import Workspace
from harness.environments import disk
from harness.environments import uv as uv_tool
from harness.environments.uv import Failure
from harness.environments.venv import Venv
from harness.run.machine import machine_interpreters
from harness.services.tpu_compiler import environment, service
from harness.services.tpu_compiler.answers import CompileOutcome, CompilerAnswer, CompileRequest
from harness.services.tpu_compiler.chips import CHIPS, Chip
from harness.services.tpu_compiler.memory import needed_bytes


def compile_file(places: Workspace, file: Path, chip: str, chips: int, split: str) -> CompilerAnswer:
    """What the compiler says of a file. SpecError for a wrong option, ProgramError for no HLO, MachineError for no compiler."""
    request = asked(file, chip, chips, split)
    if not file.is_file():
        raise ProgramError(
            "no such file", location=str(file), hint="`hubmatrix compile --help` tells how to get HLO from TensorFlow"
        )
    with at_hand(places) as compiler:
        answer = asyncio.run(_ask(compiler, request))
    match answer.outcome:
        case CompileOutcome.INVALID if answer.program:
            raise SpecError(answer.message, location="--split")
        case CompileOutcome.INVALID:
            raise ProgramError(answer.message, hint="`hubmatrix compile --help` tells how to get HLO from TensorFlow")
        case CompileOutcome.UNAVAILABLE:
            raise MachineError(answer.message)
        case (
            CompileOutcome.COMPILED
            | CompileOutcome.REFUSED
            | CompileOutcome.CRASHED
            | CompileOutcome.TIMED_OUT
            | CompileOutcome.MEMORY
        ):
            return answer
        case _:
            assert_never(answer.outcome)


def asked(file: Path, chip: str, chips: int, split: str) -> CompileRequest:
    """The question that options stand for. SpecError where they stand for none."""
    known = CHIPS.get(chip)
    if known is None:
        raise SpecError(f"no chip {chip!r}", location="--chip", hint=f"one of {', '.join(CHIPS)}")
    if known.topology(chips) is None:
        raise SpecError(f"no topology of {chips} {chip}", location="--chips", hint=f"{max(known.topologies)} at most")
    numbers = [one.strip() for one in split.split(",") if one.strip()]
    if wrong := [one for one in numbers if not one.isdecimal()]:
        raise SpecError(f"{wrong[0]!r} is no parameter's number", location="--split", hint="numbers and commas: 0,1")
    return CompileRequest(op="compile", hlo=file.resolve(), chip=chip, chips=chips, split=tuple(map(int, numbers)))


def is_compiled(answer: CompilerAnswer) -> bool:
    return answer.outcome is CompileOutcome.COMPILED


def told(answer: CompilerAnswer, chip: str, chips: int) -> str:
    """The verdict in the compiler's words, and its numbers."""
    products = ", ".join(f"{count} in {kind}" for kind, count in sorted(answer.hlo.products.items())) or "none"
    lines = [f"program {answer.program}: {answer.hlo.instructions} instructions; matrix products and convolutions: {products}"]
    name = f"TPU {chip}" if chips == 1 else f"{chips} devices of TPU {chip}"
    when = f" (compiled before, in {answer.seconds:.2f} s)" if answer.reused and is_compiled(answer) else ""
    if not is_compiled(answer):
        words = answer.evidence.strip() or answer.message
        return "\n".join([*lines, f"{name}: {answer.outcome.value.replace('_', ' ')}{when}", "", *_indented(answer, words)])
    lines.append(f"{name}: compiled{when or f' in {answer.seconds:.2f} s'}")
    return "\n".join([*lines, "", *(f"  {name:<17}{value}" for name, value in _figures(answer, CHIPS[chip]))])


def _indented(answer: CompilerAnswer, words: str) -> Iterator[str]:
    if answer.message not in words:
        yield f"  {answer.message}"
    yield from (f"  {line}".rstrip() for line in words.splitlines()[:40])


def _figures(answer: CompilerAnswer, chip: Chip) -> Iterator[tuple[str, str]]:
    found = answer.numbers
    sizes = {"code": found.code_bytes, "arguments": found.argument_bytes, "outputs": found.output_bytes}
    sizes |= {"of them in place": found.alias_bytes, "temporaries": found.temporary_bytes}
    yield from ((name, _size(size)) for name, size in sizes.items() if size is not None)
    if (needed := needed_bytes(found)) is not None and found.chip_bytes:
        yield "needed", f"{_size(needed)} of {_size(found.chip_bytes)}"
    if found.peak_bytes is not None:
        yield "alive at once", f"{_size(found.peak_bytes)} of buffers at most"
    if found.flops is not None and found.bytes_accessed is not None:
        yield "arithmetic", f"{found.flops:.3g} operations"
        yield "memory traffic", _size(found.bytes_accessed)
    if found.roofline_us is not None:
        peak = f"{chip.peak_flops / 1e12:.0f} TFLOP/s (bf16), {chip.bandwidth / 1e9:.0f} GB/s a chip: {chip.source}"
        yield "least time", f"{found.roofline_us:.3g} µs; {peak}"
    for kind, count in sorted(answer.hlo.collectives.items()):
        given = answer.hlo.collective_bytes.get(kind)
        yield kind, str(count) if given is None else f"{count}, {_size(given)} of each device"


def _size(size: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.2f} GiB"


async def _ask(compiler: service.Compiler, request: CompileRequest) -> CompilerAnswer:
    try:
        return await compiler.answer(request.model_dump_json().encode())
    finally:
        await compiler.close()


def serve(places: Workspace, *, port: int, as_json: bool, tell: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM. `tell` gets one text, once the address answers."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with at_hand(places) as compiler:
        try:
            with service.serving(compiler, port=port) as address:
                facts = {"format": 1, "address": address}
                tell(json.dumps(facts) if as_json else _text(address))
                while True:
                    time.sleep(3600)
        except KeyboardInterrupt:
            return
        except OSError as error:
            raise MachineError(f"can't listen: {error.strerror}", location=f"port {port}", hint="0 takes a free one") from error


@contextmanager
def at_hand(places: Workspace) -> Iterator[service.Compiler]:
    """The compiler, its environment made now if it isn't there. MachineError where it can't be had."""
    made = asyncio.run(_environment(places))
    if isinstance(made, Failure):
        raise MachineError(made.message, hint=made.evidence.strip().splitlines()[-1] if made.evidence.strip() else "")
    places.work.mkdir(parents=True, exist_ok=True)
    with disk.in_use(made.path), tempfile.TemporaryDirectory(dir=places.work, prefix="tpu-compiler-") as workdir:
        yield service.compiler_in(made, places, Path(workdir))


async def _environment(places: Workspace) -> Venv | Failure:
    return await environment.ensure_compiler(uv_tool.find_uv(), places, await machine_interpreters())


def _text(address: str) -> str:
    return f"""{address} compiles for TPUs, until Ctrl-C:

    python -m pytest cases/compiling --tpu-compiler {address} --device tpu-v5e ..."""
