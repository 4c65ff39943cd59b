"""`hubmatrix compile` and `hubmatrix compiler`: the TPU compiler for programs and cases that are compiled by hand."""

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


def compile_file(workspace: Workspace, file: Path, chip: str, chips: int, split: str) -> CompilerAnswer:
    """Compile a file of HLO for a chip, and return the compiler's verdict, which may be a refusal.

    Raises:
        SpecError: an option is wrong.
        ProgramError: the file is missing or isn't HLO.
        MachineError: the compiler isn't available on this machine.
    """
    request = request_of(file, chip, chips, split)
    if not file.is_file():
        raise ProgramError(
            "no such file", location=str(file), hint="`hubmatrix compile --help` tells how to get HLO from TensorFlow"
        )
    with open_compiler(workspace) as compiler:
        answer = asyncio.run(_ask(compiler, request))
    match answer.outcome:
        # An invalid request whose program could be read: then it is the split that doesn't fit the program.
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


def request_of(file: Path, chip: str, chips: int, split: str) -> CompileRequest:
    """Return the request that options stand for. Raises SpecError for an unknown chip, too many chips, or a wrong `split`."""
    tpu = CHIPS.get(chip)
    if tpu is None:
        raise SpecError(f"no chip {chip!r}", location="--chip", hint=f"one of {', '.join(CHIPS)}")
    if tpu.topology(chips) is None:
        raise SpecError(f"no topology of {chips} {chip}", location="--chips", hint=f"{max(tpu.topologies)} at most")
    numbers = [number.strip() for number in split.split(",") if number.strip()]
    if wrong := [number for number in numbers if not number.isdecimal()]:
        raise SpecError(f"{wrong[0]!r} isn't the number of a parameter", location="--split", hint="numbers and commas: 0,1")
    return CompileRequest(op="compile", hlo=file.resolve(), chip=chip, chips=chips, split=tuple(map(int, numbers)))


def is_compiled(answer: CompilerAnswer) -> bool:
    return answer.outcome is CompileOutcome.COMPILED


def answer_text(answer: CompilerAnswer, chip: str, chips: int) -> str:
    """Return the compiler's verdict as lines for people: its own words if it refused, else its numbers."""
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
    numbers = answer.numbers
    sizes = {"code": numbers.code_bytes, "arguments": numbers.argument_bytes, "outputs": numbers.output_bytes}
    sizes |= {"of them in place": numbers.alias_bytes, "temporaries": numbers.temporary_bytes}
    yield from ((name, _size(size)) for name, size in sizes.items() if size is not None)
    if (needed := needed_bytes(numbers)) is not None and numbers.chip_bytes:
        yield "needed", f"{_size(needed)} of {_size(numbers.chip_bytes)}"
    if numbers.peak_bytes is not None:
        yield "alive at once", f"{_size(numbers.peak_bytes)} of buffers at most"
    if numbers.flops is not None and numbers.bytes_accessed is not None:
        yield "arithmetic", f"{numbers.flops:.3g} operations"
        yield "memory traffic", _size(numbers.bytes_accessed)
    if numbers.roofline_us is not None:
        peak = f"{chip.peak_flops / 1e12:.0f} TFLOP/s (bf16), {chip.bandwidth / 1e9:.0f} GB/s a chip: {chip.source}"
        yield "least time", f"{numbers.roofline_us:.3g} µs; {peak}"
    for kind, count in sorted(answer.hlo.collectives.items()):
        size = answer.hlo.collective_bytes.get(kind)
        yield kind, str(count) if size is None else f"{count}, {_size(size)} of each device"


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


def serve_compiler(workspace: Workspace, *, as_json: bool, tell: Callable[[str], None]) -> None:
    """Serve the compiler until Ctrl-C or SIGTERM. `tell` gets one text, once the address answers.

    Raises:
        MachineError: the compiler isn't available on this machine, or the socket can't be made.
    """
    # By default SIGTERM ends this process without its exits, and the compiler's worker and its folder would stay behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with open_compiler(workspace) as compiler:
        try:
            with service.serving(compiler, compiler.supervisor.workdir) as address:
                facts = {"format": 1, "address": address}
                tell(json.dumps(facts) if as_json else _text(address))
                while True:
                    time.sleep(3600)
        except KeyboardInterrupt:
            return
        except OSError as error:
            raise MachineError(f"can't listen: {error.strerror}", location=str(compiler.supervisor.workdir)) from error


@contextmanager
def open_compiler(workspace: Workspace) -> Iterator[service.Compiler]:
    """Yield the compiler, building its environment first if need be. Raises MachineError where that fails."""
    venv = asyncio.run(_environment(workspace))
    if isinstance(venv, Failure):
        raise MachineError(venv.message, hint=venv.evidence.strip().splitlines()[-1] if venv.evidence.strip() else "")
    workspace.work.mkdir(parents=True, exist_ok=True)
    # Marked as used, so that neither `hubmatrix clean` nor a run that needs disk removes the venv under the worker.
    with disk.in_use(venv.path), tempfile.TemporaryDirectory(dir=workspace.work, prefix="tpu-compiler-") as workdir:
        yield service.compiler_in(venv, workspace, Path(workdir))


async def _environment(workspace: Workspace) -> Venv | Failure:
    return await environment.ensure_compiler(uv_tool.find_uv(), workspace, await machine_interpreters())


def _text(address: str) -> str:
    return f"""{address} compiles for TPUs, until Ctrl-C:

    python -m pytest cases/compiling --tpu-compiler {address} --device tpu-v5e ..."""
