"""Keras' functional API around a module in TF1 Hub format. The module stays frozen."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="hub")
NAMES = {"input_ids": "input_word_ids", "input_mask": "input_mask", "segment_ids": "input_type_ids"}


def test_predict(model):
    """tf.keras: a TF1 module's signature, its output's width, Dense; predict."""
    encoder = hub.KerasLayer(model.handle, signature="tokens", output_key="pooled_output", output_shape=[model.width])
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in NAMES}
    network = tf.keras.Model(inputs, tf.keras.layers.Dense(1)(encoder(inputs)))
    assert network.predict({name: model.inputs[ours] for name, ours in NAMES.items()}).shape == (2, 1)


def test_without_output_shape(model):
    """The same without output_shape: the signature itself knows its output's width."""
    encoder = hub.KerasLayer(model.handle, signature="tokens", output_key="pooled_output")
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in NAMES}
    tf.keras.Model(inputs, tf.keras.layers.Dense(1)(encoder(inputs)))
