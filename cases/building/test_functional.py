"""Keras' functional API: a dict of inputs, the encoder, a head."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


def classifier(loaded, inputs):
    """One number per text: the encoder, Dropout, Dense. `loaded` may as well be a handle."""
    pooled = hub.KerasLayer(loaded)(inputs)["pooled_output"]
    dropped = tf.keras.layers.Dropout(0.1)(pooled)
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(dropped))


def test_predict(model, loaded):
    """tf.keras: three int32 inputs of any length, the encoder, Dropout, Dense; predict."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    network = classifier(loaded, inputs)
    assert network.predict(model.inputs).shape == (2, 1)


def test_fixed_length(model, loaded):
    """Inputs may have a fixed length."""
    inputs = {name: tf.keras.Input(rows.shape[1:], dtype=tf.int32, name=name) for name, rows in model.inputs.items()}
    assert classifier(loaded, inputs)(model.inputs).shape == (2, 1)


def test_dropout(model, loaded):
    """Outside of training Dropout does nothing: the same numbers every time."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    network = classifier(loaded, inputs)
    assert np.array_equal(network.predict_on_batch(model.inputs), network.predict_on_batch(model.inputs))


def test_all_outputs(model, loaded):
    """A model may give the encoder's whole dict."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    outputs = tf.keras.Model(inputs, hub.KerasLayer(loaded)(inputs))(model.inputs)
    assert outputs["pooled_output"].shape == model.outputs["pooled_output"].shape
    assert outputs["sequence_output"].shape == model.outputs["sequence_output"].shape


def test_summary(model, loaded):
    """model.summary() counts the encoder's weights."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    network = classifier(loaded, inputs)
    lines = []
    network.summary(print_fn=lambda line, **_: lines.append(line))
    count = sum(int(np.prod(variable.shape)) for variable in loaded.variables) + model.width + 1
    assert f"Total params: {count}" in "\n".join(lines).replace(",", "")


@pytest.mark.xfail(raises=(ValueError, TypeError), strict=False, reason="an Input is float32 unless told: dtype=tf.int32")
def test_default_dtype(model, loaded):
    """Wrong way: tf.keras.Input without dtype."""
    classifier(loaded, {name: tf.keras.Input([None], name=name) for name in model.inputs})


@pytest.mark.xfail(raises=(ValueError, tf.errors.OpError), strict=False, reason="a text is a row of ids: shape=[None]")
def test_scalar_inputs(model, loaded):
    """Wrong way: tf.keras.Input(shape=()), as for a model that takes sentences."""
    classifier(loaded, {name: tf.keras.Input([], dtype=tf.int32, name=name) for name in model.inputs})


@pytest.mark.xfail(
    raises=(ValueError, AttributeError, TypeError), strict=False, reason="build on tf.keras.Input, then call with tensors"
)
def test_tensors_for_inputs(model, loaded):
    """Wrong way: tf.keras.Model(inputs=...) with tensors that hold data."""
    classifier(loaded, {name: tf.constant(rows) for name, rows in model.inputs.items()})
