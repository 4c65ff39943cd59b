"""The package keras by its own name: Keras 2 up to TensorFlow 2.15, Keras 3 from 2.16 on."""

import pytest
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


@pytest.fixture
def keras():
    return pytest.importorskip("keras")


def test_hub_keras_layer(model, loaded, keras):
    """import keras: three int32 inputs, hub.KerasLayer, Dense."""
    inputs = {name: keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    network = keras.Model(inputs, keras.layers.Dense(1)(hub.KerasLayer(loaded)(inputs)["pooled_output"]))
    assert network(model.inputs).shape == (2, 1)


def test_own_layer(model, loaded, keras):
    """import keras: a layer of your own around hub.load."""

    class Encoder(keras.layers.Layer):
        def call(self, inputs):
            return loaded(inputs)["pooled_output"]

        def compute_output_shape(self, shapes):
            return (shapes["input_word_ids"][0], model.width)

    inputs = {name: keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    network = keras.Model(inputs, keras.layers.Dense(1)(Encoder()(inputs)))
    assert network(model.inputs).shape == (2, 1)
