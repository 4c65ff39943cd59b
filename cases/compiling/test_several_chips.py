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
    """A step of gradient descent with 8 texts on 4 chips: the gradients are summed over them."""
    encoder = hub.KerasLayer(loaded, trainable=True)

    def step(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(encoder(inputs)["pooled_output"] ** 2)
        for weight, gradient in zip(encoder.trainable_variables, tape.gradient(loss, encoder.trainable_variables)):
            if gradient is not None:
                weight.assign_sub(0.001 * tf.convert_to_tensor(gradient))
        return loss

    program = compiled(step, texts(model, 8), chips=4, split=range(3))
    assert program.collectives.get("all-reduce", 0) > 0


def test_batch_that_cannot_be_split(model, loaded, compiled):
    """10 texts for 4 chips."""
    encoder = hub.KerasLayer(loaded)
    compiled(lambda inputs: encoder(inputs)["pooled_output"], texts(model, 10), chips=4, split=range(3))
