"""The argument input_shape of hub.KerasLayer."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.models(format="saved_model_2", interface="dict"),
    pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer"),
]


def test_wrong_input_shape(model, loaded):
    """An input_shape that no input has: the model is built and compiled, and predicts the published vectors."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    encoder = hub.KerasLayer(loaded, input_shape=(3, 5, 7))
    network = tf.keras.Model(inputs, encoder(inputs)["pooled_output"])
    network.compile(optimizer="adam", loss="mse")
    assert network.predict(model.inputs) == pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)
