"""float32 and bfloat16: what a loaded encoder computes in, read off the matrix products of its program."""

from contextlib import contextmanager

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.devices("tpu-v5e"), pytest.mark.models(format="saved_model_2", interface="dict")]


@contextmanager
def policy(name):
    """tf.keras.mixed_precision from TensorFlow 2.4 on, its experimental forerunner before."""
    module = tf.keras.mixed_precision
    set_policy = module.set_global_policy if hasattr(module, "set_global_policy") else module.experimental.set_policy
    set_policy(name)
    try:
        yield
    finally:
        set_policy("float32")


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="No registered 'Einsum' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.1",
    instead="XLA has tf.einsum, which these encoders are made of, from TensorFlow 2.1 on: compile with that",
    link="docs/tpu.md",
)
def test_encoder(model, loaded, compiled):
    """An encoder of TensorFlow Hub computes in float32: no product of its program is bfloat16."""
    encoder = hub.KerasLayer(loaded)
    program = compiled(lambda inputs: encoder(inputs)["pooled_output"], model.inputs)
    assert set(program.products) == {"f32"}


@pytest.mark.declared(
    raises="ValueError",
    match="variable must be a floating point variable but has type: bool",
    when="tensorflow=2.0",
    instead="policies know loaded models from TensorFlow 2.1 on: take that, or give the head's layers dtype=tf.bfloat16",
)
@pytest.mark.declared(
    raises="ValueError",
    match="The global policy can only be set to a non-infer policy in TensorFlow 2",
    when="tensorflow<2",
    instead="policies are of TensorFlow 2: in TensorFlow 1 make the head's layers with dtype=tf.bfloat16",
)
def test_mixed_bfloat16(model, loaded, compiled, record_property):
    """Under the policy mixed_bfloat16 Keras' own head is bfloat16, and all of the encoder stays float32."""
    with policy("mixed_bfloat16"):
        encoder = hub.KerasLayer(loaded)
        head = tf.keras.layers.Dense(1)
        program = compiled(lambda inputs: head(encoder(inputs)["pooled_output"]), model.inputs)
    record_property("products_f32", program.products.get("f32", 0))
    record_property("products_bf16", program.products.get("bf16", 0))
    assert program.products["bf16"] == 1
    assert program.products["f32"] > 1


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="No registered 'Einsum' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.1",
    instead="XLA has tf.einsum, which these encoders are made of, from TensorFlow 2.1 on: compile with that",
    link="docs/tpu.md",
)
@pytest.mark.declared(
    raises="AssertionError",
    match="no product in bfloat16",
    instead="a SavedModel's weights and ops stay what they were saved as, float32: export one in bfloat16",
    proof="cases/compiling/test_precision.py::test_exported_in_bfloat16",
)
def test_dtype_argument(model, loaded, compiled):
    """Wrong way: hub.KerasLayer(handle, dtype="bfloat16") for a program in bfloat16."""
    encoder = hub.KerasLayer(loaded, dtype="bfloat16")
    program = compiled(lambda inputs: encoder(inputs)["pooled_output"], model.inputs)
    assert "bf16" in program.products, "no product in bfloat16"


@pytest.mark.declared(
    raises="ValueError",
    match="variable must be a floating point variable but has type: bool",
    when="tensorflow=2.0",
    instead="policies know loaded models from TensorFlow 2.1 on: take that, or give the head's layers dtype=tf.bfloat16",
)
@pytest.mark.declared(
    raises="ValueError",
    match="The global policy can only be set to a non-infer policy in TensorFlow 2",
    when="tensorflow<2",
    instead="policies are of TensorFlow 2: in TensorFlow 1 make the head's layers with dtype=tf.bfloat16",
)
@pytest.mark.declared(
    raises="AssertionError",
    match="no product in bfloat16",
    instead="a SavedModel's weights and ops stay what they were saved as, float32: export one in bfloat16",
    proof="cases/compiling/test_precision.py::test_exported_in_bfloat16",
)
def test_policy_while_loading(model, compiled):
    """Wrong way: the policy mixed_bfloat16 while the model is loaded, for a program in bfloat16."""
    with policy("mixed_bfloat16"):
        encoder = hub.KerasLayer(model.handle)
        program = compiled(lambda inputs: encoder(inputs)["pooled_output"], model.inputs)
    assert "bf16" in program.products, "no product in bfloat16"


class Pooler(tf.Module):
    """What somebody exports in bfloat16."""

    def __init__(self):
        super().__init__()
        self.kernel = tf.Variable(tf.cast(tf.eye(8), tf.bfloat16))

    @tf.function(input_signature=[tf.TensorSpec([None, 8])])
    def __call__(self, vectors):
        return tf.cast(tf.matmul(tf.cast(vectors, tf.bfloat16), self.kernel), tf.float32)


@pytest.mark.needs("eager execution")
def test_exported_in_bfloat16(compiled, tmp_path):
    """What was exported in bfloat16, and hub.load gives, computes in bfloat16."""
    tf.saved_model.save(Pooler(), str(tmp_path / "pooler"))
    pooler = hub.load(str(tmp_path / "pooler"))
    program = compiled(lambda vectors: pooler(vectors), np.ones([2, 8], np.float32))
    assert set(program.products) == {"bf16"}
