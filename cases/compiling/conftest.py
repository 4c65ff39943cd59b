"""The TPU compiler, without a TPU: a Python function goes in, what the compiler says of its program comes out.

TensorFlow turns a function into HLO, the language of XLA, which is the same for every chip; a file with it goes to the
compiler. How TensorFlow gives it away:

    from 2.5 on   tf.function(f, jit_compile=True).experimental_get_compiler_ir(*inputs)(stage="hlo_serialized"), with calls of
                  other functions inlined; nothing runs. Without autograph, which these functions don't need
    before        tf.xla.experimental.compile(f, inputs), run once under XLA_FLAGS=--xla_dump_to. Not tf.function(f,
                  experimental_compile=True): from 2.1 to 2.4 gradients through a loaded model fail there, "RET_CHECK failure
                  ... input->dtype() != DT_RESOURCE", and in a Session of 1.15 it compiles nothing and says nothing
"""

import hashlib
import inspect
import json
import os
import socket
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import convert_to_constants

NUMBERS = (
    "code_bytes",
    "argument_bytes",
    "output_bytes",
    "temporary_bytes",
    "peak_bytes",
    "flops",
    "bytes_accessed",
    "roofline_us",
)
DUMPS = "jit_compile" not in inspect.signature(tf.function).parameters

if DUMPS:  # Now, for XLA reads its flags once. It need not optimize for this CPU: what it dumps is from before.
    FOLDER = Path(tempfile.mkdtemp(prefix="hlo"))
    FLAGS = f"--xla_dump_to={FOLDER} --xla_dump_hlo_as_proto --xla_backend_optimization_level=0"
    os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " " + FLAGS


NO_CHIP_HOLDS = """HloModule no_chip_holds

ENTRY main {
  rows = f32[1048576,1048576] parameter(0)
  ROOT negated = f32[1048576,1048576] negate(rows)
}
"""


class Refused(RuntimeError):
    """The TPU compiler refuses the program. The message is the compiler's."""


class Died(RuntimeError):
    """The TPU compiler crashed on the program, hung, or took more memory than it may."""


class Program:
    """What the TPU compiler made of a function.

    code_bytes, argument_bytes, output_bytes, temporary_bytes, peak_bytes, flops, bytes_accessed, roofline_us
                   by the compiler's own analysis; None where it says nothing
    products       {"f32": 26}: how many matrix products TensorFlow wrote, by element type
    collectives    {"all-reduce": 3}: what the chips tell each other
    collective_bytes  {"all-reduce": 42248}: the bytes that each chip gives into them
    custom_calls   what it calls that is no instruction of XLA, such as a function on the host
    dynamic        whether a size is known only when it runs
    digest         the same for the same program
    path           the file with the HLO: its parameters are the tensors among `inputs`, then what is `captured`; None where
                   another cell has made it
    """

    def __init__(self, answer, written=None):
        for name in NUMBERS:
            setattr(self, name, answer["numbers"].get(name))
        self.products = answer["hlo"]["products"]
        self.collectives = answer["hlo"]["collectives"]
        self.collective_bytes = answer["hlo"]["collective_bytes"]
        self.custom_calls = answer["hlo"]["custom_calls"]
        self.dynamic = answer["hlo"]["dynamic"]
        self.digest = answer["program"]
        self.path = written and written.path
        self.inputs = written.inputs if written else ()
        self.captured = written.captured if written else ()


def pytest_collection_modifyitems(items):
    """What every chip compiles comes first: the sooner it is there, the more cells of other chips need not make it."""
    items.sort(key=lambda item: "compiled_once" not in item.fixturenames)


@pytest.fixture(scope="session")
def tpu_compiler(tpu_compiler, device, tmp_path_factory):
    """Its address, after it has refused 8 TiB, more than any chip holds: of a compiler that takes everything a yes says nothing.

    Takes 5 ms, for the answer is kept.
    """
    path = tmp_path_factory.mktemp("control") / "no_chip_holds.txt"
    path.write_text(NO_CHIP_HOLDS, encoding="utf-8")
    answer = ask(tpu_compiler, op="compile", hlo=str(path), chip=chip_of(device), chips=1, split=[])
    assert answer["outcome"] != "compiled", "the TPU compiler takes a program of 8 TiB: its yes says nothing"
    return tpu_compiler


@pytest.fixture
def load(request, model):
    """load() is `loaded`, loaded when it is first called."""
    return lambda: request.getfixturevalue("loaded")


class Written:
    """The program that TensorFlow makes of a function.

    path, inputs, captured   as in Program
    again                    again(*inputs): a Written of the same function; for shapes that it has seen it's not traced again
    """

    def __init__(self, path, inputs, captured, again):
        self.path = path
        self.inputs = inputs
        self.captured = captured
        self.again = again


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """written(function, *inputs) gives a Written, for `compiled` to compile: for a chip and for several, say.

    inputs    tensors, arrays, lists and dicts of them: their shapes matter, their values don't

    What TensorFlow can't turn into HLO raises TensorFlow's errors.
    """
    folder = tmp_path_factory.mktemp("hlo")

    def keep(make, inputs):
        tensors = tf.nest.map_structure(tf.convert_to_tensor, list(inputs))
        hlo, captured = make(tensors)
        path = folder / f"{len(list(folder.iterdir()))}.pb"
        path.write_bytes(hlo)
        return Written(path, tensors, captured, lambda *others: keep(make, others))

    def written(function, *inputs):
        return keep(dumping(function) if DUMPS else asking(function), inputs)

    return written


@pytest.fixture
def compiled(tpu_compiler, device, written, record_property):
    """compiled(function, *inputs), or compiled(written(function, *inputs)), gives a Program, or raises Refused.

    Its numbers are kept with the case.

    chips     how many share the work, and `split`: the numbers of the parameters that are split over them, along dimension 0
    """

    def compiled(function, *inputs, chips=1, split=(), made_by=None):
        given = function if isinstance(function, Written) else written(function, *inputs)
        question = {"hlo": str(given.path), "chips": chips, "split": list(split), "made_by": made_by}
        answer = ask(tpu_compiler, op="compile", chip=chip_of(device), **question)
        return Program(recorded(answer, record_property), given)

    return compiled


@pytest.fixture
def compiled_once(request, tpu_compiler, device, record_property, compiled):
    """compiled_once(make, *inputs) is compiled(make(), *inputs), for cases that run for every chip.

    Nobody tells TensorFlow the chip: what it made for one of them goes to the compiler for the next one too, as long as that
    lives. Then make() is not called: nothing is loaded, nothing traced.
    """
    made_by = what_makes(request)

    def compiled_once(make, *inputs):
        answer = ask(tpu_compiler, op="compile", chip=chip_of(device), made_by=made_by)
        if answer["outcome"] == "invalid":
            return compiled(make(), *inputs, made_by=made_by)
        print("the program is that of this case for another chip")
        return Program(recorded(answer, record_property))

    return compiled_once


def what_makes(request):
    """A digest of what a program is made of: this case, this file, the model, TensorFlow and Keras."""
    files = [inspect.getfile(request.function), __file__, request.config.getoption("--model")]
    facts = [request.node.nodeid, sys.prefix, tf.__version__, os.environ.get("TF_USE_LEGACY_KERAS")]
    facts += [Path(file).read_text(encoding="utf-8") for file in files if file]
    return hashlib.sha256(json.dumps(facts).encode("utf-8")).hexdigest()


def chip_of(device):
    return device.replace("tpu-", "")


def recorded(answer, record_property):
    """The answer, if it is good, with its numbers kept."""
    judge(answer)
    for name in NUMBERS:
        record_property(name, answer["numbers"].get(name))
    record_property("compile_seconds", answer["seconds"])
    return answer


@pytest.fixture
def executed(tpu_compiler, tmp_path):
    """executed(program, variables) gives its outputs, a flat list of arrays: run on this CPU, by the TPU compiler's own XLA."""

    def executed(program, variables):
        path = str(tmp_path / "arguments.npz")
        by_handle = {id(variable.handle): variable for variable in variables}
        parameters = [*tf.nest.flatten(program.inputs), *(by_handle.get(id(one), one) for one in program.captured)]
        np.savez(path, **{f"arg{number}": value for number, value in enumerate(arrays(parameters))})
        answer = ask(tpu_compiler, op="run", hlo=str(program.path), arguments=path)
        judge(answer)
        with np.load(answer["outputs"]) as outputs:
            return [outputs[f"out{number}"] for number in range(len(outputs.files))]

    return executed


@pytest.fixture
def optimized():
    """Whether this TensorFlow's XLA may optimize for this CPU here; False where its programs come from dumps."""
    return not DUMPS


def ask(address, **question):
    """The compiler's answer: a line of JSON for a line of JSON."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        with connection.makefile("rw", encoding="utf-8") as stream:
            stream.write(json.dumps(question) + "\n")
            stream.flush()
            return json.loads(stream.readline())


def judge(answer):
    """Raises unless the answer is good; all that the compiler said is printed."""
    outcome = answer["outcome"]
    if outcome == "compiled":
        return
    print(answer.get("evidence", ""))
    if outcome == "refused":
        raise Refused(answer["message"])
    if outcome == "unavailable":
        raise RuntimeError("tpu compiler unavailable: " + answer["message"])
    raise Died(f"{outcome}: {answer['message']}")


def asking(function):
    """From TensorFlow 2.5 on. Called with tensors: HLO, and the tensors that are its parameters after the inputs."""
    traces = {}

    def asked_hlo(tensors):
        shapes = str(tf.nest.map_structure(tf.TensorSpec.from_tensor, tensors))
        if shapes not in traces:
            traced = tf.function(function, autograph=False).get_concrete_function(*tensors)
            traces[shapes] = inlined(traced), traced.captured_inputs
        whole, captured = traces[shapes]
        try:
            hlo = whole.experimental_get_compiler_ir(*tf.nest.flatten(tensors))(stage="hlo_serialized")
        except ValueError as error:  # some go on, in a hundred lines, about where each op was made
            raise ValueError(str(error).split("The op is created at")[0].strip()) from None
        return hlo, captured

    return asked_hlo


def inlined(traced):
    """The same without calls, as on a TPU. A gradient through a call of a loaded model would have the ids as constants, see
    cases/finetuning/test_compiled_step.py: another program for every batch."""
    graph = convert_to_constants._run_inline_graph_optimization(traced, False, True)  # has no public name
    inputs = [tensor.op.name for tensor in traced.inputs]
    others = [node for node in graph.node if node.name not in inputs]
    for node in others:
        node.attr.pop("_class", None)  # "place me beside that node", which may be an input
        kept = [name for name in node.input if not name.startswith("^") or name[1:] not in inputs]  # "after that input"
        del node.input[:]
        node.input.extend(kept)
    used = {name.lstrip("^").partition(":")[0] for node in others for name in node.input}
    del graph.node[:]
    graph.node.extend(others)

    @tf.function(jit_compile=True, autograph=False)
    def whole(*given):
        here = tf.compat.v1.get_default_graph()
        outer = [*given, *map(here.capture, traced.captured_inputs)]
        given_by_name = {name + ":0": tensor for name, tensor in zip(inputs, outer) if name in used}
        outputs = [tensor.name for tensor in traced.outputs]
        return tf.graph_util.import_graph_def(graph, input_map=given_by_name, return_elements=outputs, name="")

    return whole


def dumping(function):
    """Up to TensorFlow 2.4. The inputs are flat, and between forward and backward pass lies one tf.function: what XLA is given
    may have nothing but tensors on its border."""

    def dumped_hlo(tensors):
        one = tf.function(lambda *flat: function(*tf.nest.pack_sequence_as(tensors, flat)))
        flat = tf.nest.flatten(tensors)
        captured = one.get_concrete_function(*flat).captured_inputs
        if not tf.executing_eagerly():
            captured = sorted(captured, key=lambda tensor: tensor.op.name)  # the order that XLA gives them
        try:
            run_under_xla(one, flat, captured)
        except tf.errors.OpError:
            if not dump():  # else the program is there, and this CPU can't run it
                raise
        hlo = dump()
        for file in FOLDER.iterdir():
            file.unlink()
        return hlo, captured

    return dumped_hlo


def run_under_xla(function, tensors, captured):
    def whole(*tensors):
        for number, handle in enumerate(captured):  # XLA orders them by name
            tf.compat.v1.get_default_graph().capture(handle, name=f"captured_{number:04d}")
        return tf.xla.experimental.compile(function, tensors)

    if tf.executing_eagerly():
        tf.function(whole)(*tensors)
    else:
        in_session(tf.compat.v1.xla.experimental.compile(function, tensors))


def in_session(fetches):
    with tf.compat.v1.Session() as session:
        session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
        return session.run(fetches)


def arrays(tensors):
    """Their values, and those of variables."""
    if tf.executing_eagerly():
        return [tensor.numpy() for tensor in tensors]
    return in_session([tf.convert_to_tensor(tensor) for tensor in tensors])


def dump():
    """An HloProto, or nothing. The largest, for the initial values of variables may be programs too."""
    found = sorted(FOLDER.glob("*.before_optimizations.hlo.pb"), key=lambda file: file.stat().st_size)
    return found[-1].read_bytes() if found else b""
