"""Keras' functional API around a module in TF1 Hub format. The module stays frozen."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.models(format="hub"),
    pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer"),  # not in Keras 3, see test_keras_3.py
]
NAMES = {"input_ids": "input_word_ids", "input_mask": "input_mask", "segment_ids": "input_type_ids"}


@pytest.mark.task("build")
def test_predict(model, right):
    """tf.keras: a TF1 module's signature, its output's width, Dense; predict gives the right numbers."""
    encoder = hub.KerasLayer(model.handle, signature="tokens", output_key="pooled_output", output_shape=[model.width])
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in NAMES}
    network = tf.keras.Model(inputs, tf.keras.layers.Dense(1)(encoder(inputs)))
    assert network.predict({name: model.inputs[ours] for name, ours in NAMES.items()}) == right(network.layers[-1])


def test_without_output_shape(model, right):
    """The same without output_shape: the signature itself knows its output's width."""
    encoder = hub.KerasLayer(model.handle, signature="tokens", output_key="pooled_output")
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in NAMES}
    network = tf.keras.Model(inputs, tf.keras.layers.Dense(1)(encoder(inputs)))
    assert network.predict({name: model.inputs[ours] for name, ours in NAMES.items()}) == right(network.layers[-1])
