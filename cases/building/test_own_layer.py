"""A layer of your own around hub.load, for the Keras that doesn't take hub.KerasLayer: Keras 3."""

import pytest
import tensorflow as tf

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


class Encoder(tf.keras.layers.Layer):
    """Says the shape that comes out, which Keras 3 can't find by itself."""

    def __init__(self, loaded, width):
        super().__init__()
        self.width = width
        self.encoder = loaded  # hub.load(handle)

    def call(self, inputs):
        return self.encoder(inputs)["pooled_output"]

    def compute_output_shape(self, shapes):
        return (shapes["input_word_ids"][0], self.width)


class EncoderWithWeights(Encoder):
    """Keras 2 looks for variables in a layer's attributes, also in lists, but not in what hub.load gives."""

    def __init__(self, loaded, width):
        super().__init__(loaded, width)
        self.encoder_weights = list(loaded.trainable_variables)


def classifier(model, encoder):
    inputs = {name: tf.keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(encoder(inputs)))


def test_predict(model, loaded):
    """A layer of your own around hub.load, in a functional model: predict."""
    assert classifier(model, Encoder(loaded, model.width)).predict(model.inputs).shape == (2, 1)


def test_weights_in_a_list(model, loaded):
    """A layer of your own with self.encoder_weights = list(loaded.trainable_variables): they are the model's weights."""
    network = classifier(model, EncoderWithWeights(loaded, model.width))
    assert len(network.trainable_weights) == len(loaded.trainable_variables) + 2


@pytest.mark.xfail(
    raises=AssertionError, strict=False, reason="Keras doesn't find the weights, and trains the head alone: hub.KerasLayer"
)
def test_weights(model, loaded):
    """Wrong way: a layer of your own with self.encoder = hub.load(handle), for fine-tuning."""
    network = classifier(model, Encoder(loaded, model.width))
    assert len(network.trainable_weights) == len(loaded.trainable_variables) + 2
