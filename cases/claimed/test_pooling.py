"""GlobalAveragePooling1D above sequence_output, for texts of varying lengths."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.models(format="saved_model_2", interface="dict"),
    pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer"),
]


def pooled(model, loaded, length):
    """The second of the publisher's texts, cut to that many tokens, through encoder and pooling."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    sequence = hub.KerasLayer(loaded)(inputs)["sequence_output"]
    network = tf.keras.Model(inputs, tf.keras.layers.GlobalAveragePooling1D()(sequence))
    return network.predict({name: rows[1:, :length] for name, rows in model.inputs.items()})


def test_lengths(model, loaded):
    """One model takes texts of 4 tokens and of 16, and gives one vector each."""
    assert [pooled(model, loaded, length).shape for length in (4, 16)] == [(1, model.width)] * 2
