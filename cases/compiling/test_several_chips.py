"""Data parallel: four chips, each with a part of the batch and all of the weights."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.devices("tpu-v5e"), pytest.mark.models(format="saved_model_2", interface="dict")]


def texts(model, batch):
    return {name: np.resize(rows, [batch, rows.shape[1]]) for name, rows in model.inputs.items()}


def test_forward(model, loaded, compiled):
    """Encoding 8 texts on 4 chips: they have nothing to tell each other."""
    encoder = hub.KerasLayer(loaded)
    program = compiled(lambda inputs: encoder(inputs)["pooled_output"], texts(model, 8), chips=4, split=range(3))
    assert not program.collectives


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


def gradients(tape, loss, weights):
    """Pairs of gradient and weight, without the weights that the loss doesn't depend on."""
    pairs = zip(tape.gradient(loss, weights), weights)
    return [(tf.convert_to_tensor(gradient), weight) for gradient, weight in pairs if gradient is not None]


def changing(weights, length):
    """Bytes of the weights, but for those of positions that no text of this length has."""
    rows = [min(length, one.shape[0]) if "position_embedding" in one.name else one.shape[0] for one in weights]
    return sum(4 * count * int(np.prod(one.shape[1:])) for count, one in zip(rows, weights))


def test_fine_tuning(model, loaded, compiled, record_property):
    """A whole step with 8 texts on 4 chips: the gradients of all weights, and the loss, are summed over them; that is all."""
    encoder = hub.KerasLayer(loaded, trainable=True)
    trained = {}

    def step(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(encoder(inputs, training=True)["pooled_output"] ** 2)
        for gradient, weight in gradients(tape, loss, encoder.trainable_variables):
            trained[id(weight)] = weight
            weight.assign_sub(0.001 * gradient)
        return loss

    program = compiled(step, texts(model, 8), chips=4, split=range(3))
    record_property("summed_bytes", program.collective_bytes["all-reduce"])
    assert set(program.collectives) == {"all-reduce"}
    assert program.collective_bytes["all-reduce"] == changing(trained.values(), model.inputs["input_mask"].shape[1]) + 4


def test_adam(model, loaded, compiled, record_property):
    """The same with Adam and a head of Keras: every chip has all of Adam's slots, so no more is summed."""
    encoder = hub.KerasLayer(loaded, trainable=True)
    head = tf.keras.layers.Dense(1)
    optimizer = tf.keras.optimizers.Adam(0.001)
    trained = {}

    def step(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((head(encoder(inputs, training=True)["pooled_output"]) - 1.0) ** 2)
        pairs = gradients(tape, loss, encoder.trainable_variables + head.trainable_variables)
        trained.update({id(weight): weight for _, weight in pairs})
        optimizer.apply_gradients(pairs)
        return loss

    program = compiled(step, texts(model, 8), chips=4, split=range(3))
    record_property("summed_bytes", program.collective_bytes["all-reduce"])
    assert set(program.collectives) == {"all-reduce"}
    assert program.collective_bytes["all-reduce"] == changing(trained.values(), model.inputs["input_mask"].shape[1]) + 4


def test_uneven_batch(model, loaded, compiled):
    """10 texts on 4 chips: the compiler fills up what is missing, which is not free."""
    encoder = hub.KerasLayer(loaded)
    program = compiled(lambda inputs: encoder(inputs)["pooled_output"], texts(model, 10), chips=4, split=range(3))
    even = compiled(lambda inputs: encoder(inputs)["pooled_output"], texts(model, 12), chips=4, split=range(3))
    assert program.flops >= even.flops
