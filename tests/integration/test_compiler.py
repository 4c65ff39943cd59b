"""The real TPU compiler: what must be refused is refused in its words, what compiles has its numbers, a crash costs one compile."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from harness.base.workspace import Workspace
from harness.environments import uv
from harness.environments.uv import Failure
from harness.environments.venv import Venv
from harness.run.machine import machine_interpreters
from harness.services.tpu_compiler import environment, service
from harness.services.tpu_compiler.answer_store import AnswerStore
from harness.services.tpu_compiler.chips import CHIPS
from harness.services.tpu_compiler.supervisor import Supervisor

pytestmark = pytest.mark.libtpu
ROOT = Path(__file__).parents[2]
Ask = Callable[..., dict[str, Any]]

PRODUCT = """
HloModule product
ENTRY main {
  x = f32[8,32]{1,0} parameter(0)
  w = f32[32,16]{1,0} parameter(1)
  y = f32[8,16]{1,0} dot(x, w), lhs_contracting_dims={1}, rhs_contracting_dims={0}
  ROOT out = f32[8,16]{1,0} tanh(y)
}
"""
# One step of gradient descent: x is the batch.
STEP = """
HloModule step
ENTRY main {
  x = f32[8,32]{1,0} parameter(0)
  w = f32[32,32]{1,0} parameter(1)
  y = f32[8,32]{1,0} dot(x, w), lhs_contracting_dims={1}, rhs_contracting_dims={0}
  g = f32[32,32]{1,0} dot(x, y), lhs_contracting_dims={0}, rhs_contracting_dims={0}
  ROOT new = f32[32,32]{1,0} subtract(w, g)
}
"""
# The same for two weights, each updated in its place.
TWO = """
HloModule two, input_output_alias={ {0}: (1, {}, may-alias), {1}: (2, {}, may-alias) }
add {
  a = f32[] parameter(0)
  b = f32[] parameter(1)
  ROOT sum = f32[] add(a, b)
}
ENTRY main {
  x = f32[8,32]{1,0} parameter(0)
  w = f32[32,32]{1,0} parameter(1)
  v = f32[32]{0} parameter(2)
  zero = f32[] constant(0)
  p = f32[8,32]{1,0} dot(x, w), lhs_contracting_dims={1}, rhs_contracting_dims={0}
  b = f32[8,32]{1,0} broadcast(v), dimensions={1}
  y = f32[8,32]{1,0} add(p, b)
  g = f32[32,32]{1,0} dot(x, y), lhs_contracting_dims={0}, rhs_contracting_dims={0}
  h = f32[32]{0} reduce(y, zero), dimensions={0}, to_apply=add
  new_w = f32[32,32]{1,0} subtract(w, g)
  new_v = f32[32]{0} subtract(v, h)
  ROOT out = (f32[32,32]{1,0}, f32[32]{0}) tuple(new_w, new_v)
}
"""
# A weight gets the values of another: nothing but its place tells how the output is cut.
IN_PLACE = """
HloModule in_place, input_output_alias={ {}: (0, {}, may-alias) }
ENTRY main {
  w = f32[256,128]{1,0} parameter(0)
  v = f32[256,128]{1,0} parameter(1)
  ROOT new = f32[256,128]{1,0} tanh(v)
}
"""


def unary(shape: str, instruction: str) -> str:
    return f"HloModule m\nENTRY e {{\n  a = {shape} parameter(0)\n  ROOT r = {instruction}\n}}\n"


@pytest.fixture(scope="module")
def venv() -> Venv:
    async def make() -> Venv | Failure:
        return await environment.ensure_compiler(uv.find_uv(), Workspace(root=ROOT), await machine_interpreters())

    made = asyncio.run(make())
    return made if isinstance(made, Venv) else pytest.skip(made.message)


def compiler(venv: Venv, folder: Path) -> service.Compiler:
    supervisor = Supervisor(command=(venv.python, "-I", environment.WORKER), workdir=folder / "work")
    return service.Compiler(
        supervisor=supervisor, store=AnswerStore(folder=folder / "kept", compiler=environment.compiler_digest())
    )


@pytest.fixture(scope="module")
def address(venv: Venv, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("compiler")
    with service.serving(compiler(venv, folder), folder / "work") as found:
        yield found


def talk(address: str, **question: Any) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(300)
        connection.connect(address)
        with connection.makefile("rw") as stream:
            stream.write(json.dumps(question) + "\n")
            stream.flush()
            return dict(json.loads(stream.readline()))


@pytest.fixture
def ask(address: str, tmp_path: Path) -> Ask:
    """Compile HLO text."""

    def asked(hlo: str | bytes, chip: str = "v5e", **question: Any) -> dict[str, Any]:
        file = tmp_path / "program"
        file.write_bytes(hlo if isinstance(hlo, bytes) else hlo.lstrip().encode())
        return talk(address, op="compile", hlo=str(file), chip=chip, **question)

    return asked


@pytest.mark.parametrize("chip", CHIPS)
def test_a_program_compiles_for_every_chip_and_has_its_numbers(ask: Ask, chip: str) -> None:
    answer = ask(PRODUCT, chip)
    assert answer["outcome"] == "compiled", answer
    numbers = answer["numbers"]
    assert numbers["code_bytes"] > 0
    assert numbers["argument_bytes"] >= 4 * (8 * 32 + 32 * 16)
    assert numbers["output_bytes"] >= 4 * 8 * 16
    assert numbers["peak_bytes"] <= numbers["chip_bytes"] == CHIPS[chip].device_bytes
    assert 2 * 8 * 32 * 16 <= numbers["flops"] < 3 * 8 * 32 * 16
    assert numbers["roofline_us"] > 0
    seen = {"products": {"f32": 1}, "instructions": 4, "custom_calls": [], "dynamic": False}
    assert answer["hlo"] == {**seen, "collectives": {}, "collective_bytes": {}}


@pytest.mark.parametrize("chip", CHIPS)
def test_too_much_memory_for_the_chip_is_refused(ask: Ask, chip: str) -> None:
    answer = ask(unary("f32[200000,200000]{1,0}", "f32[200000,200000]{1,0} multiply(a, a)"), chip)
    assert answer["outcome"] == "refused"
    found = re.match(
        r"RESOURCE_EXHAUSTED: E1000: CompileTimeHbmOom: Ran out of memory on HBM, .* \(298\.\d+G\) exceeds available HBM "
        r"\((?P<available>[\d.]+)G\)",
        answer["message"],
    )
    assert found, answer["message"]
    assert 0.9 < float(found["available"]) / (CHIPS[chip].device_bytes / 2**30) < 1.01


F8 = "f32[8]{0}"
HOST = "API_VERSION_STATUS_RETURNING"


@pytest.mark.parametrize(
    ("hlo", "words"),
    [
        pytest.param(
            unary(F8, f'{F8} custom-call(a), custom_call_target="nobody_knows_this"'),
            "INVALID_ARGUMENT: Custom emitter for nobody_knows_this not found",
            id="unknown custom call",
        ),
        pytest.param(
            unary(F8, f'{F8} custom-call(a), custom_call_target="xla_python_cpu_callback", api_version={HOST}'),
            "INVALID_ARGUMENT: Custom emitter for xla_python_cpu_callback not found",
            id="call of the host",
        ),
        pytest.param(
            unary("c128[128,128]{1,0}", "c128[128,128]{1,0} fft(a), fft_type=FFT, fft_length={128}"),
            "INVALID_ARGUMENT: during context [pre-optimization]: Unexpected operand type for FFT: c128[128,128]{1,0}",
            id="unsupported op",
        ),
        pytest.param(
            "HloModule m\nENTRY e {\n  a = f32[8]{0} parameter(0)\n  t = token[] after-all()\n"
            "  s = (f32[8]{0}, u32[], token[]) send(a, t), channel_id=1, is_host_transfer=true\n"
            "  ROOT d = token[] send-done(s), channel_id=1, is_host_transfer=true\n}\n",
            "INTERNAL: RET_CHECK failure",
            id="send to a host that nobody named",
        ),
    ],
)
def test_refused_in_the_compilers_words(ask: Ask, hlo: str, words: str) -> None:
    answer = ask(hlo)
    assert answer["outcome"] == "refused"
    assert answer["message"].startswith(words)
    assert answer["evidence"].startswith(words)
    assert "code_bytes" not in answer["numbers"]


def test_a_refusal_is_kept_like_any_verdict(ask: Ask) -> None:
    hlo = unary(F8, f'{F8} custom-call(a), custom_call_target="kept"')
    first, again = ask(hlo), ask(hlo)
    assert (first["reused"], again["reused"]) == (False, True)
    assert first["message"] == again["message"]


def test_a_dynamic_shape_within_a_bound_compiles_and_is_told(ask: Ask) -> None:
    """libtpu pads to the bound. What is refused is a shape without one; see below."""
    answer = ask(unary("f32[<=8,4]{1,0}", "f32[<=8,4]{1,0} multiply(a, a)"))
    assert (answer["outcome"], answer["hlo"]["dynamic"]) == ("compiled", True)


def test_a_dynamic_shape_without_a_bound_ends_the_compiler_and_the_next_program_compiles(ask: Ask) -> None:
    """The real libtpu's own crash: a failed check, SIGABRT."""
    unbounded = unary("f32[?,4]{1,0}", "f32[?,4]{1,0} multiply(a, a)")
    crashed, after, again = ask(unbounded), ask(PRODUCT, "v5p"), ask(unbounded)
    assert crashed["outcome"] == "crashed"
    assert crashed["message"] == "the compiler ended by SIGABRT: shape_util.cc:1039] Check failed: !count_overflow"
    assert "xla::TpuCompiler::Compile" in crashed["evidence"]
    assert crashed["hlo"]["dynamic"]
    assert after["outcome"] == "compiled"
    assert (again["reused"], again["message"]) == (True, crashed["message"])


def test_names_ids_and_metadata_make_no_other_program(ask: Ask) -> None:
    renamed = re.sub(r"\b(x|w|y|out|main|product)\b", r"other_\1.7", PRODUCT)
    renamed = renamed.replace("tanh(other_y.7)", 'tanh(other_y.7), metadata={op_name="a/b" source_file="c.py" source_line=3}')
    first, second = ask(PRODUCT, "v6e"), ask(renamed, "v6e")
    assert (first["program"], second["reused"]) == (second["program"], True)


OTHER_WRITING = """
HloModule product
ENTRY main {
  w = f32[32,16]{1,0} parameter(1)
  unused = f32[] constant(7)
  x = f32[8,32]{1,0} parameter(0)
  y = f32[8,16]{1,0} dot(x, w), lhs_contracting_dims={1}, rhs_contracting_dims={0}
  twice = f32[8,16]{1,0} dot(x, w), lhs_contracting_dims={1}, rhs_contracting_dims={0}
  ROOT out = f32[8,16]{1,0} tanh(twice)
}
"""


def test_order_and_instructions_that_are_unused_or_written_twice_make_no_other_program(ask: Ask) -> None:
    """What it was written with is told as it is."""
    first, second = ask(PRODUCT, "v6e"), ask(OTHER_WRITING, "v6e")
    assert (first["program"], second["reused"]) == (second["program"], True)
    assert (first["hlo"]["instructions"], second["hlo"]["instructions"]) == (4, 6)


CALL = """
HloModule m
{0} {{
  a = f32[8] parameter(0)
  ROOT c = f32[8] {1}(a)
}}
ENTRY e {{
  a = f32[8] parameter(0)
  ROOT r = f32[8] call(a), to_apply={0}
}}
"""


def test_what_a_called_function_does_counts_and_not_its_name(ask: Ask) -> None:
    programs = [ask(CALL.format(name, op))["program"] for name, op in (("f", "tanh"), ("g.7", "tanh"), ("f", "exponential"))]
    assert programs[0] == programs[1] != programs[2]


RANDOM = """
HloModule m
ENTRY e {{
  low = f32[] constant(0)
  high = f32[] constant(1)
  a = f32[16]{{0}} rng(low, high), distribution=rng_uniform
  b = f32[16]{{0}} rng(low, high), distribution=rng_uniform
  ROOT r = f32[16]{{0}} subtract({}, {})
}}
"""


def test_two_random_numbers_are_not_one(ask: Ask) -> None:
    assert ask(RANDOM.format("a", "b"))["program"] != ask(RANDOM.format("a", "a"))["program"]


def test_an_operand_in_the_place_of_another_makes_another_program(ask: Ask) -> None:
    text = "HloModule m\nENTRY e {{\n a = f32[4] parameter(0)\n b = f32[4] parameter(1)\n ROOT r = f32[4] subtract({}, {})\n}}\n"
    assert ask(text.format("a", "b"))["program"] != ask(text.format("b", "a"))["program"]


CONSTANT = """
HloModule m
ENTRY e {{
  a = f32[16]{{0}} parameter(0)
  c = f32[16]{{0}} constant({{{}}})
  ROOT r = f32[16]{{0}} {}(a, c)
}}
"""
ONES = ", ".join(["1"] * 16)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(CONSTANT.format(ONES[:-1] + "2", "add"), id="a number in a long constant"),
        pytest.param(CONSTANT.format(ONES, "multiply"), id="an op"),
        pytest.param(
            CONSTANT.format(ONES, "add").replace("HloModule m", "HloModule m, input_output_alias={ {}: (0, {}, may-alias) }"),
            id="an output in place of an input",
        ),
        pytest.param(CONSTANT.format(ONES, "add").replace("f32[16]", "bf16[16]"), id="a type"),
    ],
)
def test_anything_else_does(ask: Ask, other: str) -> None:
    assert ask(CONSTANT.format(ONES, "add"))["program"] != ask(other)["program"]


def test_a_copy_has_no_equal_in_stablehlo_and_compiles(ask: Ask) -> None:
    """TensorFlow writes one for each variable that a training step updates."""
    assert ask(unary("f32[128,128]{1,0}", "f32[128,128]{1,0} copy(a)"))["outcome"] == "compiled"


OLD_SIZE = """
HloModule mean
ENTRY main {
  a = f32[4,8]{1,0} parameter(0)
  n = u32[] get-dimension-size(a), dimensions={1}
  m = u32[] get-dimension-size(a), dimensions={0}
  ROOT all = u32[] multiply(n, m)
}
"""


def test_sizes_as_tensorflow_1_15_writes_them(ask: Ask, run: Run) -> None:
    """u32, where today's XLA wants s32: "must be ranked tensor of 32-bit signless integer values"."""
    assert ask(OLD_SIZE)["outcome"] == "compiled"
    (found,) = outputs(run(OLD_SIZE, np.zeros((4, 8), np.float32)))
    assert (found.dtype, found.item()) == (np.uint32, 32)


@pytest.mark.parametrize(("chip", "chips"), [("v5e", 4), ("v4", 4), ("v3", 8), ("7x", 2), ("v6e", 8)])
def test_a_batch_is_split_over_chips_and_its_gradient_added_up(ask: Ask, chip: str, chips: int) -> None:
    one, several = ask(STEP, chip), ask(STEP, chip, chips=chips, split=[0])
    assert several["outcome"] == "compiled", several
    assert (one["hlo"]["collectives"], several["hlo"]["collectives"]) == ({}, {"all-reduce": 1})
    assert several["hlo"]["collective_bytes"] == {"all-reduce": 32 * 32 * 4}
    assert several["numbers"]["flops"] < one["numbers"]["flops"] / chips * 1.5
    assert several["numbers"]["argument_bytes"] <= one["numbers"]["argument_bytes"]
    assert one["program"] == several["program"]


def test_several_gradients_are_added_up_at_once(ask: Ask) -> None:
    """The compiler makes one all-reduce of both; what each device gives is counted without the padding of its tiles."""
    answer = ask(TWO, chips=4, split=[0])
    assert (answer["outcome"], answer["hlo"]["collectives"]) == ("compiled", {"all-reduce": 1}), answer
    assert answer["hlo"]["collective_bytes"] == {"all-reduce": (32 * 32 + 32) * 4}
    assert answer["numbers"]["alias_bytes"] > 0


def test_a_weight_that_is_cut_is_updated_in_its_place(ask: Ask) -> None:
    """It comes back as it went in; left to the partitioner it came back whole: "Expected aliased input 0 ... same size"."""
    whole, cut = ask(IN_PLACE, chips=4), ask(IN_PLACE, chips=4, split=[0])
    assert cut["outcome"] == "compiled", cut
    assert 0 < cut["numbers"]["alias_bytes"] < whole["numbers"]["alias_bytes"]


def test_without_a_split_every_chip_does_all(ask: Ask) -> None:
    answer = ask(STEP, chips=4)
    assert (answer["outcome"], answer["hlo"]["collectives"]) == ("compiled", {})


def test_a_batch_that_cant_be_cut_evenly(ask: Ask) -> None:
    answer = ask(STEP.replace("[8,32]", "[7,32]"), chips=4, split=[0])
    assert (answer["outcome"], answer["hlo"]["collectives"]) == ("compiled", {"all-reduce": 1})


@pytest.mark.parametrize("split", [[2], [0, 9]])
def test_a_parameter_that_is_none_cant_be_split(ask: Ask, split: list[int]) -> None:
    answer = ask(STEP, chips=4, split=split)
    assert answer["outcome"] == "invalid"
    assert answer["message"] == f"parameter {split[-1]} can't be split: of 2 parameters, those with a dimension can"


@pytest.mark.parametrize("rubbish", [b"", b"\x00" * 99, b"PK\x03\x04" * 99, b"\x0a\x05abc", b"HloModule x\nENTRY {", b"{}"])
def test_what_is_no_hlo_is_no_verdict(ask: Ask, rubbish: bytes) -> None:
    answer = ask(rubbish)
    assert answer["outcome"] == "invalid"
    assert "/program isn't HLO: " in answer["message"]


class Run:
    """Runs HLO text on the CPU."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address, self.folder = address, folder

    def __call__(self, hlo: str, *arguments: Any) -> dict[str, Any]:
        program, given = self.folder / "program", self.folder / "arguments.npz"
        program.write_text(hlo.lstrip())
        np.savez(given, **{f"arg{number}": one for number, one in enumerate(arguments)})
        return talk(self.address, op="run", hlo=str(program), arguments=str(given))


@pytest.fixture
def run(address: str, tmp_path: Path) -> Run:
    return Run(address, tmp_path)


def outputs(answer: dict[str, Any]) -> list[Any]:
    assert answer["outcome"] == "compiled", answer
    with np.load(answer["outputs"]) as found:
        return [found[f"out{number}"] for number in range(len(found.files))]


def test_the_same_program_runs_on_the_cpu(run: Run) -> None:
    x, w = (np.random.default_rng(0).normal(size=size).astype(np.float32) for size in ((8, 32), (32, 16)))
    (found,) = outputs(run(PRODUCT, x, w))
    np.testing.assert_allclose(found, np.tanh(x @ w), atol=1e-6)


@pytest.mark.parametrize(("kind", "type_"), [("s64", np.int64), ("f64", np.float64), ("s32", np.int32), ("pred", np.bool_)])
def test_types_stay_what_they_are(run: Run, kind: str, type_: Any) -> None:
    given = np.array([0, 1, 1], type_) if kind == "pred" else np.array([0, 2**40 % (2**31 - 1), 3], type_)
    (found,) = outputs(run(unary(f"{kind}[3]{{0}}", f"{kind}[3]{{0}} copy(a)"), given))
    assert found.dtype == given.dtype
    np.testing.assert_array_equal(found, given)


def test_several_outputs_are_in_order(run: Run) -> None:
    hlo = """
HloModule m
ENTRY e {
  a = f32[2]{0} parameter(0)
  b = f32[2]{0} negate(a)
  ROOT t = (f32[2]{0}, f32[2]{0}) tuple(b, a)
}
"""
    first, second = outputs(run(hlo, np.array([1, 2], np.float32)))
    assert (list(first), list(second)) == ([-1, -2], [1, 2])


def test_what_a_program_gives_is_written_beside_nothing_of_the_one_who_asks(run: Run, tmp_path: Path) -> None:
    """A link there would lead to a file of the service's user."""
    target = tmp_path / "authorized_keys"
    target.write_text("kept")
    (tmp_path / "arguments.npz.outputs.npz").symlink_to(target)
    outputs(run(unary("f32[2]{0}", "f32[2]{0} negate(a)"), np.array([1, 2], np.float32)))
    assert target.read_text() == "kept"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "arg0 to arg1 can't be read"),
        (
            (np.zeros((8, 32), np.float32), np.zeros((32, 17), np.float32)),
            "arg1 is float32[32, 17], the program takes float32[32, 16]",
        ),
        (
            (np.zeros((8, 32), np.float64), np.zeros((32, 16), np.float32)),
            "arg0 is float64[8, 32], the program takes float32[8, 32]",
        ),
    ],
)
def test_arguments_that_dont_fit_are_no_verdict(run: Run, arguments: tuple[Any, ...], message: str) -> None:
    answer = run(PRODUCT, *arguments)
    assert answer["outcome"] == "invalid"
    assert message in answer["message"]


def test_two_compilers_at_once_dont_get_in_each_others_way(address: str, venv: Venv, tmp_path: Path) -> None:
    """libtpu guards a TPU by a lock file, also where there is none."""
    (tmp_path / "program").write_text(PRODUCT.lstrip())
    with service.serving(compiler(venv, tmp_path), tmp_path / "work") as other:
        answers = [talk(one, op="compile", hlo=str(tmp_path / "program"), chip="v2") for one in (address, other)]
    assert [answer["outcome"] for answer in answers] == ["compiled", "compiled"]


def hubmatrix(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "harness", *map(str, arguments), "--root", str(ROOT)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)


def test_the_command_tells_the_verdict_with_its_numbers(venv: Venv, tmp_path: Path) -> None:
    (tmp_path / "step.hlo").write_text(STEP.lstrip())
    told = hubmatrix("compile", tmp_path / "step.hlo", "--chip", "v4", "--chips", "4", "--split", "0")
    assert told.returncode == 0, told.stderr
    assert "matrix products and convolutions: 2 in f32" in told.stdout
    assert re.search(r"4 devices of TPU v4: compiled", told.stdout)
    assert re.search(r"needed +\S+ KiB of 32\.00 GiB", told.stdout)
    assert re.search(r"all-reduce +1, 4.0 KiB of each device\n", told.stdout)


def test_the_command_refuses_with_exit_code_1(venv: Venv, tmp_path: Path) -> None:
    (tmp_path / "call.hlo").write_text(unary(F8, f'{F8} custom-call(a), custom_call_target="nobody_knows_this"'))
    told = hubmatrix("compile", tmp_path / "call.hlo")
    assert told.returncode == 1
    assert "TPU v5e: refused" in told.stdout
    assert "Custom emitter for nobody_knows_this not found" in told.stdout
    answer = json.loads(hubmatrix("compile", tmp_path / "call.hlo", "--json").stdout)
    assert (answer["format"], answer["outcome"], answer["hlo"]["custom_calls"]) == (1, "refused", ["nobody_knows_this"])


def test_what_is_no_hlo_is_another_error(venv: Venv, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no program")
    told = hubmatrix("compile", tmp_path / "notes.txt")
    assert (told.returncode, told.stdout) == (5, "")
    assert "notes.txt isn't HLO: " in told.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_served_by_hand_until_it_is_ended(venv: Venv, tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "program").write_text(PRODUCT.lstrip())
    work = Workspace(root=ROOT).work
    argv = [sys.executable, "-m", "harness", "compiler", "--json", "--root", str(ROOT)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = json.loads(process.stdout.readline())["address"]
        assert talk(address, op="compile", hlo=str(tmp_path / "program"), chip="v5e")["outcome"] == "compiled"
        (worker,) = psutil.Process(process.pid).children()
        folder = Path(worker.cwd())
        process.send_signal(number)
        assert process.wait(60) == 0
    assert not psutil.pid_exists(worker.pid)
    assert folder.parent == work.resolve()
    assert not folder.exists()
