"""Keras' functional API around an encoder that takes a list and gives a list."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.models(format="saved_model_2", interface="list"),
    pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer"),  # not in Keras 3, see test_keras_3.py
]
NAMES = ("input_word_ids", "input_mask", "input_type_ids")  # the order matters, the names don't


def classifier(loaded, inputs):
    """One number per text: the encoder, Dropout, Dense. `loaded` may as well be a handle."""
    pooled, _sequence = hub.KerasLayer(loaded)(inputs)
    dropped = tf.keras.layers.Dropout(0.1)(pooled)
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(dropped))


@pytest.mark.task("build")
def test_predict(model, loaded, right):
    """tf.keras: a list of three int32 inputs of any length, the encoder, Dropout, Dense; predict gives the right numbers."""
    network = classifier(loaded, [tf.keras.Input([None], dtype=tf.int32, name=name) for name in NAMES])
    assert network.predict([model.inputs[name] for name in NAMES]) == right(network.layers[-1])


def test_fixed_length(model, loaded, right):
    """Inputs may have a fixed length."""
    length = model.inputs["input_word_ids"].shape[1]
    network = classifier(loaded, [tf.keras.Input([length], dtype=tf.int32, name=name) for name in NAMES])
    assert network.predict([model.inputs[name] for name in NAMES]) == right(network.layers[-1])


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+dtype=float32",
    instead="an Input is float32 unless you say its type: tf.keras.Input([None], dtype=tf.int32)",
    proof="cases/building/test_functional_list.py::test_predict",
)
def test_default_dtype(loaded):
    """Wrong way: tf.keras.Input without dtype."""
    classifier(loaded, [tf.keras.Input([None], name=name) for name in NAMES])


@pytest.mark.declared(
    raises="TypeError",
    match="list indices must be integers or slices, not str",
    instead="a list comes out: pooled, sequence = encoder(inputs)",
    proof="cases/building/test_functional_list.py::test_predict",
)
def test_output_by_name(loaded):
    """Wrong way: encoder(inputs)["pooled_output"], as for version /3."""
    inputs = [tf.keras.Input([None], dtype=tf.int32, name=name) for name in NAMES]
    hub.KerasLayer(loaded)(inputs)["pooled_output"]
