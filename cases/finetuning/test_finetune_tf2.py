"""Fine-tuning a TF2 SavedModel: one step of training."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


def classifier(model, trainable):
    """Keras' functional API: three inputs, the encoder, one number per text."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    encoder = hub.KerasLayer(model.handle, trainable=trainable)
    score = tf.keras.layers.Dense(1)(encoder(inputs)["pooled_output"])
    return tf.keras.Model(inputs, score), encoder


def step(model, on_device):
    """An encoder to be trained, a loss and its gradients."""
    encoder = hub.KerasLayer(model.handle, trainable=True)

    @on_device
    def loss_and_gradients(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(encoder(inputs, training=True)["pooled_output"] ** 2)
        return loss, [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, encoder.trainable_variables)]

    loss, gradients = loss_and_gradients(model.inputs)
    return encoder, loss, gradients


def moved(before, after):
    """How many of the weights changed."""
    return sum(not np.array_equal(old, new) for old, new in zip(before, after))


def test_gradients(model, on_device):
    """Your own training loop: the loss is finite, and gradient descent moves every weight."""
    encoder, loss, gradients = step(model, on_device)
    assert np.isfinite(loss.numpy())
    before = encoder.get_weights()
    for variable, gradient in zip(encoder.trainable_variables, gradients):
        variable.assign_sub(0.1 * gradient)
    changed = moved(before, encoder.get_weights())
    assert changed == len(gradients)


def test_keras_optimizer(model, on_device):
    """Your own training loop with an optimizer of tf.keras."""
    encoder, _, gradients = step(model, on_device)
    before = encoder.get_weights()
    tf.keras.optimizers.SGD(0.1).apply_gradients(zip(gradients, encoder.trainable_variables))
    changed = moved(before, encoder.get_weights())
    assert changed > 0


def test_fit_trainable(model):
    """model.fit with KerasLayer(trainable=True) moves the encoder's weights."""
    network, encoder = classifier(model, trainable=True)
    before = encoder.get_weights()
    network.compile(tf.keras.optimizers.SGD(0.1), "mse")
    history = network.fit(model.inputs, np.array([[1.0], [0.0]]), verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    changed = moved(before, encoder.get_weights())
    assert changed > 0


def test_frozen(model):
    """In a model with a plain KerasLayer, only the other layers' weights are trained."""
    network, encoder = classifier(model, trainable=False)
    assert len(network.trainable_weights) == 2
    assert len(encoder.weights) == len(network.weights) - 2
