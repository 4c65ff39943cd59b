"""Who is to blame for other numbers: the program that TensorFlow makes, or what compiles it for this CPU?

drift_own_xla        this TensorFlow's XLA on this CPU, from eager TensorFlow
drift_same_program   the program that went to the TPU compiler, by today's XLA on this CPU, from eager TensorFlow

Up to 2.8 the first is as large as the numbers themselves: fast math swallows the attention mask, see
cases/encoding/test_masked_softmax.py. The program is right, so a TPU is.
"""

import inspect
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

pytestmark = pytest.mark.devices("tpu-v5e")
APART = """
import sys, numpy, tensorflow as tf, tensorflow_hub as hub
handle, file = sys.argv[1:]
encoder, rows = hub.load(handle), numpy.load(file)
encode = tf.function(lambda inputs: encoder(inputs), experimental_compile=True)
inputs = {name: tf.constant(rows[name]) for name in rows.files}
numpy.save(file + ".npy", encode(inputs)["pooled_output"].numpy())
"""


def largest(difference):
    return float(np.abs(difference).max())


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="No registered 'Einsum' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.1",
    instead="XLA has tf.einsum, which these encoders are made of, from TensorFlow 2.1 on: compile with that",
    link="docs/tpu.md",
)
@pytest.mark.models(format="saved_model_2", interface="dict")
def test_same_program(model, loaded, compiled, executed, record_property):
    """The program that the TPU compiler gets, run on this CPU by today's XLA, gives what eager TensorFlow gives."""
    inputs = {name: tf.constant(rows) for name, rows in model.inputs.items()}
    program = compiled(lambda inputs: loaded(inputs)["pooled_output"], inputs)
    drift = largest(executed(program, loaded.variables)[0] - loaded(inputs)["pooled_output"].numpy())
    record_property("drift_same_program", drift)
    assert drift <= model.tolerance, f"max abs difference {drift:.3g}"


@pytest.mark.needs("eager execution")
@pytest.mark.declared(
    raises="AssertionError",
    match="max abs difference 0",
    when="tensorflow<2.7 or tensorflow=2.8",
    instead="up to TensorFlow 2.8 XLA loses the attention mask on a CPU, not on a TPU: leave jit_compile out on a CPU",
    proof="cases/compiling/test_agreement.py::test_same_program",
)
@pytest.mark.models(format="saved_model_2", interface="dict")
def test_own_xla(model, has_xla, loaded, own_xla, record_property):
    """The same function, run on this CPU by this TensorFlow's XLA, gives what eager TensorFlow gives."""
    inputs = {name: tf.constant(rows) for name, rows in model.inputs.items()}
    drift = largest(own_xla(inputs) - loaded(inputs)["pooled_output"].numpy())
    record_property("drift_own_xla", drift)
    assert drift <= model.tolerance, f"max abs difference {drift:.3g}"


@pytest.fixture
def has_xla():
    """Comes before `loaded`: a case that is skipped loads nothing."""
    if not {"jit_compile", "experimental_compile"} & set(inspect.signature(tf.function).parameters):
        pytest.skip(f"tf.function of TensorFlow {tf.__version__} has no argument that asks for XLA")


@pytest.fixture
def own_xla(model, loaded, optimized, tmp_path):
    """pooled_output by tf.function(jit_compile=True); before 2.5 in a process of its own, for here XLA doesn't optimize."""

    def in_another_process(inputs):
        file = str(tmp_path / "inputs.npz")
        np.savez(file, **{name: rows.numpy() for name, rows in inputs.items()})
        without_flags = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
        subprocess.run([sys.executable, "-c", APART, model.handle, file], check=True, env=without_flags)
        return np.load(file + ".npy")

    def here(inputs):
        return tf.function(lambda inputs: loaded(inputs)["pooled_output"], jit_compile=True)(inputs).numpy()

    return here if optimized else in_another_process


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="No registered 'Einsum' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.1",
    instead="XLA has tf.einsum, which these encoders are made of, from TensorFlow 2.1 on: compile with that",
    link="docs/tpu.md",
)
@pytest.mark.models(format="saved_model_2", interface="list")
def test_list(model, loaded, compiled, executed, record_property):
    """An encoder that takes a list: its program, run on this CPU by today's XLA, gives what eager TensorFlow gives."""
    inputs = [tf.constant(rows) for rows in model.inputs.values()]
    program = compiled(lambda inputs: loaded(inputs)[0], inputs)
    drift = largest(executed(program, loaded.variables)[0] - loaded(inputs)[0].numpy())
    record_property("drift_same_program", drift)
    assert drift <= model.tolerance, f"max abs difference {drift:.3g}"


@pytest.mark.models(format="hub")
def test_signature(model, loaded, compiled, executed, record_property):
    """A TF1 module: its program, run on this CPU by today's XLA, gives what its publisher's TensorFlow gave."""

    def encode(ids, mask, types):
        return loaded.signatures["tokens"](input_ids=ids, input_mask=mask, segment_ids=types)["pooled_output"]

    program = compiled(encode, *model.inputs.values())
    drift = largest(executed(program, loaded.variables)[0] - model.outputs["pooled_output"])
    record_property("drift_same_program", drift)
    assert drift <= model.tolerance, f"max abs difference {drift:.3g}"
