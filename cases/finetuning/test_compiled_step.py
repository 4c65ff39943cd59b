"""A training step under jit_compile=True: what XLA makes of it. A small encoder, for it is the same with all that are loaded."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.needs("eager execution")
IDS = np.arange(32, dtype=np.int32).reshape(2, 16)


class Encoder(tf.Module):
    """Ids of words, int32 [batch, length]; gives float32 [batch, 8]."""

    def __init__(self):
        super().__init__()
        self.words = tf.Variable(tf.random.stateless_normal([32, 8], seed=[0, 1]))
        self.pooler = tf.Variable(tf.eye(8))

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
    def __call__(self, ids):
        return tf.tanh(tf.matmul(tf.reduce_mean(tf.gather(self.words, ids), axis=1), self.pooler))


@pytest.fixture
def encoder(tmp_path):
    """What hub.load gives."""
    tf.saved_model.save(Encoder(), str(tmp_path / "encoder"))
    return hub.load(str(tmp_path / "encoder"))


def parameters(function):
    """What XLA's program takes, as its text has it; ids of the shape [2, 16] are s32[2,16]."""
    text = tf.function(function, jit_compile=True).experimental_get_compiler_ir(IDS)(stage="hlo")
    entry = text[text.index("ENTRY ") :]
    return [line.split(" = ")[1].split("{")[0] for line in entry.splitlines() if " parameter(" in line]


@pytest.mark.declared(
    raises="TypeError",
    match="unexpected keyword argument 'jit_compile'",
    when="tensorflow<2.5",
    instead="before 2.5 TensorFlow shows its programs only where XLA_FLAGS has --xla_dump_to, and jit_compile has other names",
)
def test_forward_pass(encoder):
    """A compiled forward pass takes ids and weights as parameters: compiled once for a shape."""
    assert sorted(parameters(lambda ids: encoder(ids))) == ["f32[32,8]", "f32[8,8]", "s32[2,16]"]


@pytest.mark.declared(
    raises="TypeError",
    match="unexpected keyword argument 'jit_compile'",
    when="tensorflow<2.5",
    instead="before 2.5 TensorFlow shows its programs only where XLA_FLAGS has --xla_dump_to, and jit_compile has other names",
)
@pytest.mark.declared(
    raises="AssertionError",
    match="the ids are no parameter",
    instead="a tape makes the loaded function one call, of which XLA wants the ids at compile time: no jit_compile around a step",
    proof="cases/finetuning/test_training_loop.py::test_step_in_a_function",
    link="docs/tpu-sizes.md",
)
def test_step(encoder):
    """Wrong way: jit_compile=True around a training step; the ids become constants, so each batch is compiled anew.

    Of a BERT the weights too: each step is compiled anew, 1.1 to 1.4 s instead of 0.003 s (TensorFlow 2.15.1).
    """
    weights = [encoder.words, encoder.pooler]

    def step(ids):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(encoder(ids) ** 2)
        for weight, gradient in zip(weights, tape.gradient(loss, weights)):
            weight.assign_sub(0.001 * tf.convert_to_tensor(gradient))
        return loss

    assert "s32[2,16]" in parameters(step), "the ids are no parameter"
