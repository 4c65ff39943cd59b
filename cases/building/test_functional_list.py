"""Keras' functional API around an encoder that takes a list and gives a list."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="list")
NAMES = ("input_word_ids", "input_mask", "input_type_ids")  # the order matters, the names don't


def classifier(loaded, inputs):
    """One number per text: the encoder, Dropout, Dense. `loaded` may as well be a handle."""
    pooled, _sequence = hub.KerasLayer(loaded)(inputs)
    dropped = tf.keras.layers.Dropout(0.1)(pooled)
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(dropped))


def test_predict(model, loaded):
    """tf.keras: a list of three int32 inputs of any length, the encoder, Dropout, Dense; predict."""
    network = classifier(loaded, [tf.keras.Input([None], dtype=tf.int32, name=name) for name in NAMES])
    assert network.predict([model.inputs[name] for name in NAMES]).shape == (2, 1)


def test_fixed_length(model, loaded):
    """Inputs may have a fixed length."""
    length = model.inputs["input_word_ids"].shape[1]
    network = classifier(loaded, [tf.keras.Input([length], dtype=tf.int32, name=name) for name in NAMES])
    assert network([model.inputs[name] for name in NAMES]).shape == (2, 1)


@pytest.mark.xfail(raises=(ValueError, TypeError), strict=False, reason="an Input is float32 unless told: dtype=tf.int32")
def test_default_dtype(loaded):
    """Wrong way: tf.keras.Input without dtype."""
    classifier(loaded, [tf.keras.Input([None], name=name) for name in NAMES])


@pytest.mark.xfail(raises=(TypeError, ValueError), strict=False, reason="a list comes out: pooled, sequence = encoder(inputs)")
def test_output_by_name(loaded):
    """Wrong way: encoder(inputs)["pooled_output"], as for version /3."""
    inputs = [tf.keras.Input([None], dtype=tf.int32, name=name) for name in NAMES]
    hub.KerasLayer(loaded)(inputs)["pooled_output"]
