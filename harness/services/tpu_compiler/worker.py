"""The worker, in the compiler's own environment: reads a question a line, answers each with a line, never ends by itself.

    python worker.py FD        FD: a socket; standard output and error belong to the libraries, which print what they like

Questions and answers are JSON:
    {"op": "look", "hlo"}                                                                   describe the program
    {"op": "compile", "hlo", "topology": [name, configuration of its chips], "devices", "split"}
    {"op": "run", "hlo", "arguments"}                                                       on the CPU
"hlo" names a file: an HloModuleProto, an HloProto as XLA dumps it, or HLO as text. Limits, kept
answers and the figures of chips are the driver's.

jax, jaxlib and numpy only, nothing of the harness. Many calls go to private parts of jaxlib: its version is pinned.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import functools
import hashlib
import json
import math
import os
import re
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

# There is no TPU: don't ask a cloud's metadata server for one, and let two processes load libtpu at once ("ABORTED:
# Internal error when accessing libtpu multi-process lockfile" otherwise). The type only silences a warning; the topology decides.
os.environ.update(JAX_PLATFORMS="cpu", TPU_SKIP_MDS_QUERY="1", TPU_WORKER_HOSTNAMES="localhost", ALLOW_MULTIPLE_LIBTPU_LOAD="1")
os.environ.setdefault("TPU_ACCELERATOR_TYPE", "v5litepod-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

sys.path.append(str(Path(__file__).parent))  # -I leaves it out

import flow
import jax
import numpy as np
from jax._src.interpreters import mlir
from jax._src.lib import _jax, xla_client
from jax._src.lib.mlir import ir
from jax.experimental import topologies
from jaxlib import _hlo

Question = dict[str, Any]
Message = dict[str, Any]
# A program with its weights in it: hashing each number as text would take more memory than compiling.
WALKED_BYTES = 2**26
INSTRUCTION = re.compile(r"^  (?:ROOT )?\S+ = (?P<shape>.+?) (?P<opcode>[a-z][a-z0-9-]*)\((?P<operand>\w*)", re.MULTILINE)
TARGET = re.compile(r'custom_call_target="([^"]*)"')
DYNAMIC = re.compile(r"\b[a-z]\w*\[[\d,]*(?:<=|\?)")
SHAPE = re.compile(r"\b(pred|[a-z]+(\d+)\w*)\[([\d,]*)\]")
OPERANDS_END = re.compile(r"\), [a-z_]+=")
TEXT = b"HloModule"
OLD_SIZE = re.compile(r"^( *)(ROOT )?(\S+) = u32\[\] (get-dimension-size\(.*)$", re.MULTILINE)
PR_SET_PDEATHSIG = 1
COLLECTIVES = ("all-reduce", "all-gather", "all-to-all", "reduce-scatter", "collective-permute", "collective-broadcast")
EVIDENCE_CHARACTERS = 20_000


class Invalid(Exception):
    """The question is wrong, not the program."""


class NoCompiler(Exception):
    """libtpu can't be used here."""


def look(question: Question) -> Message:
    """Describe a program: a digest of what it computes, and counts over the instructions that it was written with."""
    data = read_program(question["hlo"])
    text = printed(parsed(data), constants=False)
    instructions = [match.groups() for match in INSTRUCTION.finditer(text)]
    products = collections.Counter(operand for _, opcode, operand in instructions if opcode in ("dot", "convolution"))
    return {
        "program": identity(data),
        "hlo": {
            "products": dict(products),
            "instructions": len(instructions),
            "custom_calls": sorted(set(TARGET.findall(text))),
            "dynamic": bool(DYNAMIC.search(text)),
        },
    }


def identity(data: bytes) -> str:
    """Return a digest that is equal for programs of the same operations; of the bytes if the program can't be walked."""
    if len(data) <= WALKED_BYTES:
        with contextlib.suppress(
            RuntimeError, ir.MLIRError
        ):  # a program that StableHLO can't express: compiling refuses it, with a message
            return str(flow.program_digest(translated(data)))
    return hashlib.sha256(data).hexdigest()[:16]


def compile_ahead(question: Question) -> Message:
    """Compile a program ahead of time, for one device of a topology or for several."""
    devices = described(*question["topology"])[: question["devices"]]
    module = translated(read_program(question["hlo"]))
    free = annotate(module, question["split"], len(devices)) if len(devices) > 1 else ()
    options = spread_over(devices, free)
    started = time.monotonic()
    with CONTEXT:
        executable = devices[0].client.compile(module, xla_client.DeviceList(tuple(devices)), options)
    seconds = time.monotonic() - started
    traffic = collectives(executable) if len(devices) > 1 else {}  # one device exchanges nothing
    return {"outcome": "compiled", "seconds": round(seconds, 3), "numbers": numbers(executable), **traffic}


def run_on_cpu(question: Question) -> Message:
    """Compile a program for this machine's CPU, by the same XLA, and run it."""
    data = read_program(question["hlo"])
    arguments = matching(data, question["arguments"])
    module = translated(data)
    devices = jax.devices("cpu")[:1]
    started = time.monotonic()
    with CONTEXT:
        executable = devices[0].client.compile_and_load(module, xla_client.DeviceList(tuple(devices)), spread_over(devices))
    seconds = time.monotonic() - started
    outputs = [
        np.asarray(output) for output in executable.execute([jax.device_put(argument, devices[0]) for argument in arguments])
    ]
    outputs_file = str(question["arguments"]) + ".outputs.npz"
    np.savez(outputs_file, **{f"out{number}": value for number, value in enumerate(outputs)})
    return {"outcome": "compiled", "seconds": round(seconds, 3), "outputs": outputs_file}


def matching(data: bytes, path: str) -> list[Any]:
    """Load arg0, arg1, … of an .npz. Raises Invalid unless they have the program's shapes and types."""
    shapes = _hlo.XlaComputation(data).program_shape().parameter_shapes()
    try:
        with np.load(path) as archive:
            arrays = [archive[f"arg{number}"] for number in range(len(shapes))]
    except (OSError, ValueError, KeyError) as error:
        raise Invalid(f"{path}: arg0 to arg{len(shapes) - 1} can't be read: {first_line(str(error))}") from error
    # numpy stores types that it doesn't know, such as bfloat16, as bytes.
    arrays = [
        array.view(shape.numpy_dtype()) if array.dtype.kind == "V" else array for array, shape in zip(arrays, shapes, strict=True)
    ]
    for number, (array, shape) in enumerate(zip(arrays, shapes, strict=True)):
        if array.shape != tuple(shape.dimensions()) or array.dtype != shape.numpy_dtype():
            types = f"{array.dtype}{list(array.shape)}, the program takes {shape.numpy_dtype()}{list(shape.dimensions())}"
            raise Invalid(f"{path}: arg{number} is {types}")
    return arrays


def read_program(path: str) -> bytes:
    """Read a file as an HloModuleProto. Raises Invalid if it isn't HLO."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}") from error
    try:
        if data.lstrip().startswith(TEXT):
            return bytes(_hlo.hlo_module_from_text(data.decode("utf-8", "replace")).as_serialized_hlo_module_proto())
        return data if is_module(data) else wrapped(data)
    except (RuntimeError, ValueError) as error:
        raise Invalid(f"{path} isn't HLO: {first_line(str(error)) or 'it is empty'}") from error


def is_module(data: bytes) -> bool:
    try:
        return bool(parsed(data))
    except RuntimeError:
        return False


def wrapped(data: bytes) -> bytes:
    """Return the module in an HloProto, the form in which XLA dumps programs: field 1 (`--xla_dump_hlo_as_proto`)."""
    if data[:1] == b"\x0a":
        end, size = 1, 0
        for end in range(1, min(len(data), 6)):
            size |= (data[end] & 0x7F) << 7 * (end - 1)
            if data[end] < 0x80:
                break
        inside = data[end + 1 : end + 1 + size]
        if is_module(inside):
            return inside
    parsed(data)
    raise ValueError("neither an HloModuleProto nor an HloProto")


def parsed(data: bytes) -> Any:
    """Parse an HloModuleProto. Raises RuntimeError if the bytes aren't one."""
    return _hlo.HloModule.from_serialized_hlo_module_proto(data)


def printed(module: Any, *, constants: bool) -> str:
    """Print a module in XLA's canonical text: instructions numbered, bodies where they are called, constants whole or left out."""
    options = _hlo.HloPrintOptions.canonical()
    options.print_large_constants = constants
    options.print_backend_config = True
    return str(module.to_string(options))


CONTEXT = mlir.make_ir_context()
jax.config.update("jax_enable_x64", True)  # or it would make 32 bits of TensorFlow's 64


def translated(data: bytes) -> Any:
    """Translate HLO to StableHLO, the only language that jaxlib compiles.

    `mhlo.copy` has no counterpart there and no effect before layouts are chosen, so its operand is used instead.
    """
    module = ir.Module.parse(_jax.mlir.hlo_to_stablehlo(with_signed_sizes(data)), context=CONTEXT)
    copies: list[Any] = []

    def note(operation: Any) -> Any:
        if operation.name == "mhlo.copy":
            copies.append(operation)
        return ir.WalkResult.ADVANCE

    with CONTEXT:
        module.operation.walk(note)
    for copy in copies:
        copy.operation.results[0].replace_all_uses_with(copy.operation.operands[0])
        copy.operation.erase()
    return module


def with_signed_sizes(data: bytes) -> bytes:
    """Rewrite u32 sizes of dimensions, which XLA had in 2019 (TensorFlow 1.15 and 2.0), to s32, which it has since."""
    if b"get-dimension-size" not in data:
        return data
    text = OLD_SIZE.sub(r"\1\3.s32 = s32[] \4\n\1\2\3 = u32[] convert(\3.s32)", printed(parsed(data), constants=True))
    return bytes(_hlo.hlo_module_from_text(text).as_serialized_hlo_module_proto())


def annotate(module: Any, split: Sequence[int], devices: int) -> Sequence[bool]:
    """Annotate a module as data-parallel: parameters in `split` are cut along dimension 0, each device holds the others whole.

    An updated variable leaves with the sharding it came with, or it could not be updated in place. Returns for each output
    whether its sharding is left to the partitioner.
    """
    with CONTEXT:
        main = next(operation for operation in module.body.operations if operation.attributes["sym_name"].value == "main")
        ranks = [argument.type.rank for argument in main.arguments]
        if wrong := [number for number in split if number >= len(ranks) or not ranks[number]]:
            raise Invalid(f"parameter {wrong[0]} can't be split: of {len(ranks)} parameters, those with a dimension can")
        shardings = [
            ir.StringAttr.get(cut(rank, devices) if number in split else "{replicated}") for number, rank in enumerate(ranks)
        ]
        updated = {output: shardings[parameter] for output, parameter in aliases(module).items()}
        outputs = range(len(main.type.results))
        main.attributes["arg_attrs"] = sharded(
            [as_dictionary(dictionary) for dictionary in main.arg_attrs], dict(enumerate(shardings))
        )
        main.attributes["res_attrs"] = sharded([{} for _ in outputs], updated)
        module.operation.attributes["mhlo.num_partitions"] = ir.IntegerAttr.get(ir.IntegerType.get_signless(32), devices)
    return [number not in updated for number in outputs]


def cut(rank: int, devices: int) -> str:
    """Write the sharding that cuts dimension 0 over the devices, in XLA's notation."""
    return f"{{devices=[{','.join([str(devices), *['1'] * (rank - 1)])}]<=[{devices}]}}"


def aliases(module: Any) -> dict[int, int]:
    """Return the parameter that each updated output shares its memory with, by number."""
    pairs = module.operation.attributes.get("mhlo.input_output_alias", ())
    return {(list(pair["output_index"]) or [0])[0]: pair["alias"]["parameter_number"].value for pair in pairs}


def sharded(attributes: Sequence[dict[str, Any]], shardings: Mapping[int, Any]) -> Any:
    """Add shardings, by number, to the attributes of parameters or outputs."""
    dictionaries = [
        existing | ({"mhlo.sharding": shardings[number]} if number in shardings else {})
        for number, existing in enumerate(attributes)
    ]
    return ir.ArrayAttr.get([ir.DictAttr.get(dictionary) for dictionary in dictionaries])


def as_dictionary(attributes: Any) -> dict[str, Any]:
    return {attribute.name: attribute.attr for attribute in attributes}


@functools.cache
def described(topology: str, chips: str) -> list[Any]:
    try:
        return list(topologies.get_topology_desc(topology_name=topology, platform="tpu", chip_config_name=chips).devices)
    except RuntimeError as error:
        raise NoCompiler(str(error)) from error


def spread_over(devices: list[Any], free: Sequence[bool] = ()) -> Any:
    """Return options for one replica in as many partitions as devices.

    XLA's partitioner (GSPMD) decides on values without an annotation, and on the outputs that are `free`.
    """
    options = xla_client.CompileOptions()
    if len(devices) > 1:
        build = options.executable_build_options
        build.use_spmd_partitioning, build.use_shardy_partitioner = True, False
        build.allow_spmd_sharding_propagation_to_output = list(free)
    options.num_replicas, options.num_partitions = 1, len(devices)
    options.device_assignment = xla_client.DeviceAssignment.create(np.array([[device.id for device in devices]]))
    return options


def numbers(executable: Any) -> dict[str, float]:
    """Return the figures of one device, under the driver's names."""
    stats, costs = executable.get_compiled_memory_stats(), executable.cost_analysis()
    figures: dict[str, float] = {
        "code_bytes": stats.generated_code_size_in_bytes,
        "argument_bytes": stats.argument_size_in_bytes,
        "output_bytes": stats.output_size_in_bytes,
        "alias_bytes": stats.alias_size_in_bytes,
        "temporary_bytes": stats.temp_size_in_bytes,
        "peak_bytes": stats.peak_memory_in_bytes,
    }
    return figures | ({"flops": costs.get("flops", 0.0), "bytes_accessed": costs.get("bytes accessed", 0.0)} if costs else {})


def collectives(executable: Any) -> dict[str, dict[str, int]]:
    """Count the collectives of the optimized program, and the bytes that one device gives into them, without padding.

    The compiler merges several into one. An asynchronous one is counted where it starts.
    """
    counts: collections.Counter[str] = collections.Counter()
    bytes_given: collections.Counter[str] = collections.Counter()
    for module in executable.hlo_modules():
        text = printed(module, constants=False)
        for match in INSTRUCTION.finditer(text):
            opcode = match["opcode"].removesuffix("-start")
            if opcode in COLLECTIVES:
                counts[opcode] += 1
                bytes_given[opcode] += size_of(OPERANDS_END.split(text[match.end("opcode") : text.index("\n", match.end())])[0])
    return {"collectives": dict(counts), "collective_bytes": dict(bytes_given)}


def size_of(text: str) -> int:
    """Sum the bytes of the shapes in a text, such as `f32[252,32]{1,0:T(8,128)}`."""
    bits = sum(
        (8 if kind == "pred" else int(width)) * math.prod(map(int, filter(None, dimensions.split(","))))
        for kind, width, dimensions in SHAPE.findall(text)
    )
    return -(-bits // 8)


def first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


OPS: Mapping[str, Callable[[Question], Message]] = {"look": look, "compile": compile_ahead, "run": run_on_cpu}


def answer(question: Question) -> Message:
    try:
        return OPS[question["op"]](question)
    except Invalid as error:
        return {"outcome": "invalid", "message": str(error)}
    except (RuntimeError, ir.MLIRError) as error:  # the compiler refuses the program
        text = str(error)
        return {"outcome": "refused", "message": first_line(text), "evidence": text[:EVIDENCE_CHARACTERS]}
    except Exception as error:  # noqa: BLE001  # a mistake of ours says nothing about the program
        message = f"{type(error).__name__}: {first_line(str(error))}"
        return {"outcome": "unavailable", "message": message, "evidence": traceback.format_exc()}


def alone() -> None:
    """Let this process end with the driver, and leave no core file of a gigabyte."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def main(number: int) -> None:
    alone()
    # A socket of its own for the protocol: standard output belongs to the libraries.
    with socket.socket(fileno=number) as channel, channel.makefile("rwb") as stream:

        def say(message: Message) -> None:
            stream.write(json.dumps(message).encode() + b"\n")
            stream.flush()

        say({"ready": True})
        for line in stream:
            say(answer(json.loads(line)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
