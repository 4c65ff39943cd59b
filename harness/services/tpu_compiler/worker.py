"""Runs in the compiler's own environment: reads a question a line, answers each with a line, never ends by itself.

    python worker.py FD        FD: a socket; standard output and error belong to the libraries, which print what they like

Questions and answers are JSON:
    {"op": "look", "hlo"}                                                                   what the program is
    {"op": "compile", "hlo", "topology": [name, configuration of its chips], "devices", "split"}
    {"op": "run", "hlo", "arguments"}                                                       on the CPU
"hlo" names a file: an HloModuleProto, an HloProto as XLA dumps it, or HLO as text. Not in here: limits, what is kept, what a
chip can do (all in the driver).

jax, jaxlib and numpy only, nothing of the harness. Much of what is called has no public name in jaxlib: its version is pinned.
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

# There is no TPU: nobody asks the metadata server of a cloud for one, and two processes can't take it from each other ("ABORTED:
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
Said = dict[str, Any]
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
    """The question is wrong."""


class NoCompiler(Exception):
    """libtpu can't be used here."""


def look(question: Question) -> Said:
    """What the program is: a digest of what it computes, and counts over the instructions that it was written with."""
    data = read(question["hlo"])
    text = printed(parsed(data), constants=False)
    found = [match.groups() for match in INSTRUCTION.finditer(text)]
    products = collections.Counter(operand for _, opcode, operand in found if opcode in ("dot", "convolution"))
    return {
        "program": identity(data),
        "hlo": {
            "products": dict(products),
            "instructions": len(found),
            "custom_calls": sorted(set(TARGET.findall(text))),
            "dynamic": bool(DYNAMIC.search(text)),
        },
    }


def identity(data: bytes) -> str:
    """Equal for programs that compute the same by the same operations; of the bytes where the program can't be walked."""
    if len(data) <= WALKED_BYTES:
        with contextlib.suppress(RuntimeError, ir.MLIRError):  # what StableHLO can't say, compiling will refuse
            return str(flow.digest(translated(data)))
    return hashlib.sha256(data).hexdigest()[:16]


def compile_ahead(question: Question) -> Said:
    """Ahead of time, for one device of a topology or for several of them."""
    devices = described(*question["topology"])[: question["devices"]]
    module = translated(read(question["hlo"]))
    free = annotate(module, question["split"], len(devices)) if len(devices) > 1 else ()
    options = spread_over(devices, free)
    started = time.monotonic()
    with CONTEXT:
        executable = devices[0].client.compile(module, xla_client.DeviceList(tuple(devices)), options)
    seconds = time.monotonic() - started
    told = collectives(executable) if len(devices) > 1 else {}  # one device has nobody to talk to
    return {"outcome": "compiled", "seconds": round(seconds, 3), "numbers": numbers(executable), **told}


def run(question: Question) -> Said:
    """On this machine's CPU, by the same XLA."""
    data = read(question["hlo"])
    arguments = matching(data, question["arguments"])
    module = translated(data)
    devices = jax.devices("cpu")[:1]
    started = time.monotonic()
    with CONTEXT:
        executable = devices[0].client.compile_and_load(module, xla_client.DeviceList(tuple(devices)), spread_over(devices))
    seconds = time.monotonic() - started
    outputs = [np.asarray(one) for one in executable.execute([jax.device_put(one, devices[0]) for one in arguments])]
    place = str(question["arguments"]) + ".outputs.npz"
    np.savez(place, **{f"out{number}": value for number, value in enumerate(outputs)})
    return {"outcome": "compiled", "seconds": round(seconds, 3), "outputs": place}


def matching(data: bytes, path: str) -> list[Any]:
    """arg0, arg1, … of an .npz, if they are what the program takes."""
    wanted = _hlo.XlaComputation(data).program_shape().parameter_shapes()
    try:
        with np.load(path) as given:
            found = [given[f"arg{number}"] for number in range(len(wanted))]
    except (OSError, ValueError, KeyError) as error:
        raise Invalid(f"{path}: arg0 to arg{len(wanted) - 1} can't be read: {first_line(str(error))}") from error
    # numpy stores types that it doesn't know, such as bfloat16, as bytes.
    found = [one.view(shape.numpy_dtype()) if one.dtype.kind == "V" else one for one, shape in zip(found, wanted, strict=True)]
    for number, (one, shape) in enumerate(zip(found, wanted, strict=True)):
        if one.shape != tuple(shape.dimensions()) or one.dtype != shape.numpy_dtype():
            told = f"{one.dtype}{list(one.shape)}, the program takes {shape.numpy_dtype()}{list(shape.dimensions())}"
            raise Invalid(f"{path}: arg{number} is {told}")
    return found


def read(path: str) -> bytes:
    """The HloModuleProto of a file."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}") from error
    try:
        if data.lstrip().startswith(TEXT):
            return bytes(_hlo.hlo_module_from_text(data.decode("utf-8", "replace")).as_serialized_hlo_module_proto())
        return data if is_module(data) else wrapped(data)
    except (RuntimeError, ValueError) as error:
        raise Invalid(f"{path} is no HLO: {first_line(str(error)) or 'it is empty'}") from error


def is_module(data: bytes) -> bool:
    try:
        return bool(parsed(data))
    except RuntimeError:
        return False


def wrapped(data: bytes) -> bytes:
    """Field 1 of an HloProto, which XLA writes where a dump is asked for (`--xla_dump_hlo_as_proto`)."""
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
    """RuntimeError where it is no HloModuleProto."""
    return _hlo.HloModule.from_serialized_hlo_module_proto(data)


def printed(module: Any, *, constants: bool) -> str:
    """XLA's canonical text: instructions numbered, bodies where they are called; all of each constant, or none of it."""
    options = _hlo.HloPrintOptions.canonical()
    options.print_large_constants = constants
    options.print_backend_config = True
    return str(module.to_string(options))


CONTEXT = mlir.make_ir_context()
jax.config.update("jax_enable_x64", True)  # or it would make 32 bits of TensorFlow's 64


def translated(data: bytes) -> Any:
    """HLO as StableHLO, the only language that jaxlib compiles.

    `mhlo.copy` has no equal there and means nothing before layouts are chosen: what it copies takes its place.
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
    """XLA of 2019 had u32 sizes of dimensions, so has what TensorFlow 1.15 and 2.0 write; since then they are s32."""
    if b"get-dimension-size" not in data:
        return data
    text = OLD_SIZE.sub(r"\1\3.s32 = s32[] \4\n\1\2\3 = u32[] convert(\3.s32)", printed(parsed(data), constants=True))
    return bytes(_hlo.hlo_module_from_text(text).as_serialized_hlo_module_proto())


def annotate(module: Any, split: Sequence[int], devices: int) -> Sequence[bool]:
    """Data-parallel: the parameters in `split` are cut along dimension 0, each device holds the others whole.

    A variable that is updated comes back as it went in, or it could not take its own place. Of each output, whether it is left
    to the partitioner.
    """
    with CONTEXT:
        main = next(one for one in module.body.operations if one.attributes["sym_name"].value == "main")
        ranks = [one.type.rank for one in main.arguments]
        if wrong := [number for number in split if number >= len(ranks) or not ranks[number]]:
            raise Invalid(f"parameter {wrong[0]} can't be split: of {len(ranks)} parameters, those with a dimension can")
        told = [ir.StringAttr.get(cut(rank, devices) if number in split else "{replicated}") for number, rank in enumerate(ranks)]
        updated = {output: told[parameter] for output, parameter in aliases(module).items()}
        outputs = range(len(main.type.results))
        main.attributes["arg_attrs"] = sharded([known(one) for one in main.arg_attrs], dict(enumerate(told)))
        main.attributes["res_attrs"] = sharded([{} for _ in outputs], updated)
        module.operation.attributes["mhlo.num_partitions"] = ir.IntegerAttr.get(ir.IntegerType.get_signless(32), devices)
    return [number not in updated for number in outputs]


def cut(rank: int, devices: int) -> str:
    return f"{{devices=[{','.join([str(devices), *['1'] * (rank - 1)])}]<=[{devices}]}}"


def aliases(module: Any) -> dict[int, int]:
    """Which output takes the place of which parameter."""
    found = module.operation.attributes.get("mhlo.input_output_alias", ())
    return {(list(one["output_index"]) or [0])[0]: one["alias"]["parameter_number"].value for one in found}


def sharded(attributes: Sequence[dict[str, Any]], told: Mapping[int, Any]) -> Any:
    """Those of all parameters or outputs, some of them with a sharding."""
    given = [one | ({"mhlo.sharding": told[number]} if number in told else {}) for number, one in enumerate(attributes)]
    return ir.ArrayAttr.get([ir.DictAttr.get(one) for one in given])


def known(attributes: Any) -> dict[str, Any]:
    return {one.name: one.attr for one in attributes}


@functools.cache
def described(topology: str, chips: str) -> list[Any]:
    try:
        return list(topologies.get_topology_desc(topology_name=topology, platform="tpu", chip_config_name=chips).devices)
    except RuntimeError as error:
        raise NoCompiler(str(error)) from error


def spread_over(devices: list[Any], free: Sequence[bool] = ()) -> Any:
    """One replica, as many partitions as devices. What no annotation says is left to XLA's partitioner (GSPMD); so are the
    outputs that are `free`."""
    options = xla_client.CompileOptions()
    if len(devices) > 1:
        build = options.executable_build_options
        build.use_spmd_partitioning, build.use_shardy_partitioner = True, False
        build.allow_spmd_sharding_propagation_to_output = list(free)
    options.num_replicas, options.num_partitions = 1, len(devices)
    options.device_assignment = xla_client.DeviceAssignment.create(np.array([[device.id for device in devices]]))
    return options


def numbers(executable: Any) -> dict[str, float]:
    """Of one device, in the driver's names."""
    stats, costs = executable.get_compiled_memory_stats(), executable.cost_analysis()
    found: dict[str, float] = {
        "code_bytes": stats.generated_code_size_in_bytes,
        "argument_bytes": stats.argument_size_in_bytes,
        "output_bytes": stats.output_size_in_bytes,
        "alias_bytes": stats.alias_size_in_bytes,
        "temporary_bytes": stats.temp_size_in_bytes,
        "peak_bytes": stats.peak_memory_in_bytes,
    }
    return found | ({"flops": costs.get("flops", 0.0), "bytes_accessed": costs.get("bytes accessed", 0.0)} if costs else {})


def collectives(executable: Any) -> dict[str, dict[str, int]]:
    """How many of each the optimized program has, and the bytes that one device gives into them, without padding.

    The compiler makes one of several; an asynchronous one is counted where it starts.
    """
    found: collections.Counter[str] = collections.Counter()
    given: collections.Counter[str] = collections.Counter()
    for module in executable.hlo_modules():
        text = printed(module, constants=False)
        for match in INSTRUCTION.finditer(text):
            opcode = match["opcode"].removesuffix("-start")
            if opcode in COLLECTIVES:
                found[opcode] += 1
                given[opcode] += size_of(OPERANDS_END.split(text[match.end("opcode") : text.index("\n", match.end())])[0])
    return {"collectives": dict(found), "collective_bytes": dict(given)}


def size_of(text: str) -> int:
    """Bytes of the shapes that it names, such as `f32[252,32]{1,0:T(8,128)}`."""
    bits = sum(
        (8 if kind == "pred" else int(width)) * math.prod(map(int, filter(None, dimensions.split(","))))
        for kind, width, dimensions in SHAPE.findall(text)
    )
    return -(-bits // 8)


def first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


OPS: Mapping[str, Callable[[Question], Said]] = {"look": look, "compile": compile_ahead, "run": run}


def answer(question: Question) -> Said:
    try:
        return OPS[question["op"]](question)
    except Invalid as error:
        return {"outcome": "invalid", "message": str(error)}
    except (RuntimeError, ir.MLIRError) as error:  # the compiler's words
        text = str(error)
        return {"outcome": "refused", "message": first_line(text), "evidence": text[:EVIDENCE_CHARACTERS]}
    except Exception as error:  # noqa: BLE001  # a mistake in here says nothing of the program
        message = f"{type(error).__name__}: {first_line(str(error))}"
        return {"outcome": "unavailable", "message": message, "evidence": traceback.format_exc()}


def alone() -> None:
    """Not longer than the driver, and without a core file of a gigabyte."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def main(number: int) -> None:
    alone()
    with socket.socket(fileno=number) as channel, channel.makefile("rwb") as stream:

        def say(what: Said) -> None:
            stream.write(json.dumps(what).encode() + b"\n")
            stream.flush()

        say({"ready": True})
        for line in stream:
            say(answer(json.loads(line)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
