"""tf.keras.Sequential: one tensor flows from layer to layer."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2")


@pytest.mark.models(interface="dict")
def test_predict(model, loaded):
    """Sequential([hub.KerasLayer(handle, output_key="pooled_output"), Dense]); predict on a dict."""
    network = tf.keras.Sequential([hub.KerasLayer(loaded, output_key="pooled_output"), tf.keras.layers.Dense(1)])
    assert network.predict(model.inputs).shape == (2, 1)


@pytest.mark.models(interface="dict")
@pytest.mark.xfail(
    raises=(ValueError, TypeError, AttributeError), strict=False, reason="the encoder gives a dict: output_key='pooled_output'"
)
def test_without_output_key(model, loaded):
    """Wrong way: Sequential([hub.KerasLayer(handle), Dense]) with an encoder that gives a dict."""
    network = tf.keras.Sequential([hub.KerasLayer(loaded), tf.keras.layers.Dense(1)])
    network(model.inputs)


@pytest.mark.models(interface="list")
@pytest.mark.xfail(
    raises=(ValueError, TypeError, AttributeError), strict=False, reason="the encoder gives a list: use the functional API"
)
def test_list(model, loaded):
    """Wrong way: Sequential([hub.KerasLayer(handle), Dense]) with an encoder that gives a list."""
    network = tf.keras.Sequential([hub.KerasLayer(loaded), tf.keras.layers.Dense(1)])
    network(list(model.inputs.values()))


@pytest.mark.models(interface=["dict", "list"])
@pytest.mark.xfail(
    raises=(ValueError, TypeError), strict=False, reason="three tensors of int32, not one of float32: use the functional API"
)
def test_input_layer(loaded):
    """Wrong way: Sequential with one InputLayer(input_shape=(None, 128)) above the encoder."""
    above = tf.keras.layers.InputLayer(input_shape=(None, 128))
    tf.keras.Sequential([above, hub.KerasLayer(loaded), tf.keras.layers.GlobalAveragePooling1D(), tf.keras.layers.Dense(1)])
