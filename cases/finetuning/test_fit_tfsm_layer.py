"""Fine-tuning with Keras 3: through tf.keras.layers.TFSMLayer."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


def test_fit(model):
    """TFSMLayer(folder, call_endpoint="__call__"): fit moves the encoder's weights, and the loss falls."""
    encoder = tf.keras.layers.TFSMLayer(hub.resolve(model.handle), call_endpoint="__call__")
    inputs = {name: tf.keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    score = tf.keras.layers.Dense(1, kernel_initializer="zeros")(encoder(inputs)["pooled_output"])
    network = tf.keras.Model(inputs, score)
    before = [weight.numpy() for weight in encoder.weights]
    network.compile(tf.keras.optimizers.SGD(0.02), "mse")
    losses = network.fit(model.inputs, np.array([[1.0], [0.0]]), epochs=3, verbose=0).history["loss"]
    assert losses[2] < losses[0]
    changed = sum(not np.array_equal(old, new) for old, new in zip(before, encoder.weights))
    assert changed > 0
