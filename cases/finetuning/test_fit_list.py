"""Fine-tuning an encoder that takes a list and gives a list."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="list")


@pytest.fixture
def encoder(layer):
    """What hub.KerasLayer(model.handle, trainable=True) is, on a model that no other case takes gradients of."""
    return hub.KerasLayer(layer.resolved_object, trainable=True)


def fit(model, encoder):
    """Losses of three steps with Keras' functional API."""
    inputs = [tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs]
    pooled, _sequence = encoder(inputs)
    network = tf.keras.Model(inputs, tf.keras.layers.Dense(1, kernel_initializer="zeros")(pooled))
    network.compile(tf.keras.optimizers.SGD(0.02), "mse")
    return network.fit(list(model.inputs.values()), np.array([[1.0], [0.0]]), epochs=3, verbose=0).history["loss"]


def test_trainable(model, encoder):
    """hub.KerasLayer(handle, trainable=True): fit moves the encoder's weights, and the loss falls."""
    before = encoder.get_weights()
    losses = fit(model, encoder)
    assert losses[2] < losses[0]
    changed = sum(not np.array_equal(old, new) for old, new in zip(before, encoder.get_weights()))
    assert changed > 0


def test_tape_after_fit(model, encoder):
    """After fit, a tf.GradientTape of your own around the same layer."""
    fit(model, encoder)
    with tf.GradientTape() as tape:
        pooled, _sequence = encoder([tf.constant(rows) for rows in model.inputs.values()], training=True)
        loss = tf.reduce_sum(pooled**2)
    gradients = tape.gradient(loss, encoder.trainable_variables)
    assert any(gradient is not None for gradient in gradients)
