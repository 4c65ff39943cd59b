"""A training loop of your own: tf.GradientTape around the encoder."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


def constants(model):
    return {name: tf.constant(rows) for name, rows in model.inputs.items()}


def test_gradients(model, to_train, on_device):
    """hub.KerasLayer: the loss is finite, and gradient descent moves every weight."""
    encoder = hub.KerasLayer(to_train, trainable=True)

    @on_device
    def loss_and_gradients(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(encoder(inputs, training=True)["pooled_output"] ** 2)
        return loss, [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, encoder.trainable_variables)]

    loss, gradients = loss_and_gradients(model.inputs)
    assert np.isfinite(loss.numpy())
    before = encoder.get_weights()
    for variable, gradient in zip(encoder.trainable_variables, gradients):
        variable.assign_sub(0.1 * gradient)
    changed = sum(not np.array_equal(old, new) for old, new in zip(before, encoder.get_weights()))
    assert changed == len(gradients)


def test_hub_load(model, to_train):
    """hub.load, without Keras: the loss falls."""
    losses = []
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((to_train(constants(model))["pooled_output"] - [[0.5], [-0.5]]) ** 2)
        for variable, gradient in zip(to_train.trainable_variables, tape.gradient(loss, to_train.trainable_variables)):
            variable.assign_sub(0.02 * tf.convert_to_tensor(gradient))
        losses.append(float(loss))
    assert losses[2] < losses[0]


def train(model, loaded, optimizer):
    """Losses of three steps with an optimizer, encoder and head."""
    encoder = hub.KerasLayer(loaded, trainable=True)
    head = tf.keras.layers.Dense(1, kernel_initializer="zeros")
    losses = []
    for _ in range(3):
        with tf.GradientTape() as tape:
            scores = head(encoder(constants(model))["pooled_output"])
            loss = tf.reduce_mean((scores - [[1.0], [0.0]]) ** 2)
        weights = encoder.trainable_variables + head.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        losses.append(float(loss))
    return losses


def test_keras_optimizer(model, to_train):
    """hub.KerasLayer, a Dense head and tf.keras.optimizers.Adam: the loss falls."""
    losses = train(model, to_train, tf.keras.optimizers.Adam(0.001))
    assert losses[2] < losses[0]


def test_weight_decay(model, to_train):
    """hub.KerasLayer, a Dense head and tf.keras.optimizers.AdamW, which decays weights: the loss falls."""
    losses = train(model, to_train, tf.keras.optimizers.AdamW(0.001, weight_decay=0.01))
    assert losses[2] < losses[0]


def test_persistent_tape(model, to_train):
    """tf.GradientTape(persistent=True): gradients of two losses.

    It depends on the TensorFlow that wrote the model, not on the one that loads it: up to 2.4, "Tried to take gradients of a
    variable without handle data".
    """
    with tf.GradientTape(persistent=True) as tape:
        outputs = to_train(constants(model))
        pooled = tf.reduce_sum(outputs["pooled_output"] ** 2)
        sequence = tf.reduce_sum(outputs["sequence_output"] ** 2)
    assert all(gradient is not None for gradient in tape.gradient(pooled, to_train.trainable_variables))
    assert any(gradient is not None for gradient in tape.gradient(sequence, to_train.trainable_variables))


def test_checkpoint(to_train, tmp_path):
    """tf.train.Checkpoint keeps the weights and brings them back."""
    checkpoint = tf.train.Checkpoint(encoder=to_train)
    path = checkpoint.save(str(tmp_path / "tuned"))
    before = to_train.variables[0].numpy()
    to_train.variables[0].assign(np.zeros_like(before))
    checkpoint.restore(path).assert_existing_objects_matched()
    assert np.array_equal(to_train.variables[0].numpy(), before)
