"""tf.keras.layers.TFSMLayer: what Keras 3 offers for SavedModels."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


def classifier(model, endpoint):
    """One number per text."""
    encoder = tf.keras.layers.TFSMLayer(hub.resolve(model.handle), call_endpoint=endpoint)
    inputs = {name: tf.keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(encoder(inputs)["pooled_output"]))


def test_predict(model, loaded):
    """TFSMLayer(folder, call_endpoint="__call__"), in a functional model: predict; the encoder's weights are the model's."""
    network = classifier(model, "__call__")
    assert network.predict(model.inputs).shape == (2, 1)
    assert len(network.trainable_weights) == len(loaded.trainable_variables) + 2


@pytest.mark.xfail(
    raises=(TypeError, ValueError, AttributeError),
    strict=False,
    reason="that endpoint takes three tensors by name, and TFSMLayer gives it one dict: call_endpoint='__call__'",
)
def test_serving_default(model):
    """Wrong way: TFSMLayer(folder, call_endpoint="serving_default") for a model with several inputs."""
    classifier(model, "serving_default")


@pytest.mark.xfail(
    raises=(OSError, AttributeError, tf.errors.OpError), strict=False, reason="it takes a folder: hub.resolve(handle)"
)
def test_handle(model):
    """Wrong way: TFSMLayer with a handle."""
    tf.keras.layers.TFSMLayer(model.handle, call_endpoint="__call__")
