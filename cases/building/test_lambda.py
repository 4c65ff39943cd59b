"""A Lambda around hub.load."""

import pytest
import tensorflow as tf

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


def classifier(model, loaded):
    inputs = {name: tf.keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    encode = tf.keras.layers.Lambda(lambda features: loaded(features)["pooled_output"], output_shape=(model.width,))
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(encode(inputs)))


def test_predict(model, loaded):
    """A Lambda around hub.load, in a functional model: predict."""
    assert classifier(model, loaded).predict(model.inputs).shape == (2, 1)


@pytest.mark.xfail(raises=AssertionError, strict=False, reason="a Lambda has no weights, so nothing trains them: hub.KerasLayer")
def test_weights(model, loaded):
    """Wrong way: a Lambda around hub.load, for fine-tuning."""
    network = classifier(model, loaded)
    assert len(network.trainable_weights) == len(loaded.trainable_variables) + 2
