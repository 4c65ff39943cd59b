"""Data parallel: four chips, each with a part of the batch and all of the weights."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.devices("tpu-v5e"), pytest.mark.models(format="saved_model_2", interface="dict")]


def texts(model, batch):
    return {name: np.resize(rows, [batch, rows.shape[1]]) for name, rows in model.inputs.items()}


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="No registered 'Einsum' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.1",
    instead="XLA has tf.einsum, which these encoders are made of, from TensorFlow 2.1 on: compile with that",
    link="docs/tpu.md",
)
def test_forward(model, loaded, compiled):
    """Encoding 8 texts on 4 chips: they have nothing to tell each other."""
    encoder = hub.KerasLayer(loaded)
    program = compiled(lambda inputs: encoder(inputs)["pooled_output"], texts(model, 8), chips=4, split=range(3))
    assert not program.collectives


@pytest.mark.declared(
    raises="AttributeError",
    match="'RefVariable' object has no attribute '_id'",
    when="tensorflow<2",
    instead="in TensorFlow 1 a tape wants resource variables: tf.compat.v1.enable_resource_variables() at the start",
)
@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="No registered 'Einsum' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.1",
    instead="XLA has tf.einsum, which these encoders are made of, from TensorFlow 2.1 on: compile with that",
    link="docs/tpu.md",
)
def test_step(model, loaded, compiled):
    """A step with a frozen encoder and 8 texts on 4 chips: the gradients of the head are summed over them."""
    encoder = hub.KerasLayer(loaded)
    head = tf.Variable(tf.zeros([model.width, 1]))

    def step(inputs):
        pooled = encoder(inputs)["pooled_output"]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.matmul(pooled, head) - 1.0) ** 2)
        head.assign_sub(0.001 * tape.gradient(loss, head))
        return loss

    program = compiled(step, texts(model, 8), chips=4, split=range(3))
    assert program.collectives["all-reduce"] > 0


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="No registered 'Einsum' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.1",
    instead="XLA has tf.einsum, which these encoders are made of, from TensorFlow 2.1 on: compile with that",
    link="docs/tpu.md",
)
def test_uneven_batch(model, loaded, compiled):
    """10 texts on 4 chips: the compiler fills up what is missing, which is not free."""
    encoder = hub.KerasLayer(loaded)
    program = compiled(lambda inputs: encoder(inputs)["pooled_output"], texts(model, 10), chips=4, split=range(3))
    even = compiled(lambda inputs: encoder(inputs)["pooled_output"], texts(model, 12), chips=4, split=range(3))
    assert program.flops >= even.flops
