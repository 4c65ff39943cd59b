"""tf.keras.Sequential: one tensor flows from layer to layer."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2")
IS_A_LAYER = pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer")  # not in Keras 3, see test_keras_3.py


@pytest.mark.models(interface="dict")
@pytest.mark.declared(
    raises="ValueError",
    match="Passing a dictionary input to a Sequential Model which doesn't have FeatureLayer as the first layer",
    when="tensorflow<2.2",
    instead="a Sequential takes one tensor there: three Inputs in a functional model",
    proof="cases/building/test_functional.py::test_predict",
)
@pytest.mark.declared(
    raises="ValueError",
    match="Only instances of `?keras.Layer`? can be added to a Sequential model",
    when="tensorflow>=2.16 and keras=default",
    instead="hub.KerasLayer is no layer of Keras 3: tf.keras.layers.TFSMLayer in a functional model, or import tf_keras",
    proof="cases/building/test_tfsm_layer.py::test_predict",
)
def test_predict(model, loaded, right):
    """Sequential([hub.KerasLayer(handle, output_key="pooled_output"), Dense]): predict on a dict gives the right numbers."""
    network = tf.keras.Sequential([hub.KerasLayer(loaded, output_key="pooled_output"), tf.keras.layers.Dense(1)])
    assert network.predict(model.inputs) == right(network.layers[-1])


@pytest.mark.models(interface="dict")
@IS_A_LAYER
@pytest.mark.declared(
    raises="AttributeError",
    match="'dict' object has no attribute '_keras_mask'",
    when="tensorflow<2.2",
    instead="the encoder takes and gives a dict, a Sequential neither: a functional model",
    proof="cases/building/test_functional.py::test_predict",
)
@pytest.mark.declared(
    raises="ValueError",
    match=r"should have a single output tensor|Layer \"?dense\w*\"? expects 1 inputs?(\(s\))?, but it received [24] input tensors",
    instead="the encoder gives a dict: hub.KerasLayer(handle, output_key='pooled_output')",
    proof="cases/building/test_sequential.py::test_predict",
)
def test_without_output_key(model, loaded):
    """Wrong way: Sequential([hub.KerasLayer(handle), Dense]) with an encoder that gives a dict."""
    network = tf.keras.Sequential([hub.KerasLayer(loaded), tf.keras.layers.Dense(1)])
    network(model.inputs)


@pytest.mark.models(interface="list")
@IS_A_LAYER
@pytest.mark.declared(
    raises="AttributeError",
    match="'list' object has no attribute '_keras_mask'",
    when="tensorflow<2.2",
    instead="the encoder gives a list: pooled, sequence = encoder(inputs) in a functional model",
    proof="cases/building/test_functional_list.py::test_predict",
)
@pytest.mark.declared(
    raises="ValueError",
    match=r"should have a single output tensor|Layer \"?dense\w*\"? expects 1 inputs?(\(s\))?, but it received [24] input tensors",
    instead="the encoder gives a list: pooled, sequence = encoder(inputs) in a functional model",
    proof="cases/building/test_functional_list.py::test_predict",
)
def test_list(model, loaded):
    """Wrong way: Sequential([hub.KerasLayer(handle), Dense]) with an encoder that gives a list."""
    network = tf.keras.Sequential([hub.KerasLayer(loaded), tf.keras.layers.Dense(1)])
    network(list(model.inputs.values()))


@pytest.mark.models(interface=["dict", "list"])
@IS_A_LAYER
@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+shape=\((None|\?), (None|\?), 128\),? dtype=float32",
    when="interface=dict",
    instead="the encoder takes three tensors of int32, not one of float32: three Inputs in a functional model",
    proof="cases/building/test_functional.py::test_predict",
)
@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+shape=\((None|\?), (None|\?), 128\),? dtype=float32",
    when="interface=list",
    instead="the encoder takes three tensors of int32, not one of float32: three Inputs in a functional model",
    proof="cases/building/test_functional_list.py::test_predict",
)
def test_input_layer(loaded):
    """Wrong way: Sequential with one InputLayer(input_shape=(None, 128)) above the encoder."""
    above = tf.keras.layers.InputLayer(input_shape=(None, 128))
    tf.keras.Sequential([above, hub.KerasLayer(loaded), tf.keras.layers.GlobalAveragePooling1D(), tf.keras.layers.Dense(1)])
