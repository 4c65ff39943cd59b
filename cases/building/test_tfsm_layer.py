"""tf.keras.layers.TFSMLayer: what Keras 3 offers for SavedModels."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

TFSM_LAYER = pytest.mark.needs("tf.keras.layers.TFSMLayer")
ENCODERS = pytest.mark.models(format="saved_model_2", interface="dict")


def classifier(model, endpoint):
    """One number per text."""
    encoder = tf.keras.layers.TFSMLayer(hub.resolve(model.handle), call_endpoint=endpoint)
    inputs = {name: tf.keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(encoder(inputs)["pooled_output"]))


@ENCODERS
@TFSM_LAYER
@pytest.mark.task("build", instead_of="cases/building/test_functional.py::test_predict")
def test_predict(model, loaded, right):
    """TFSMLayer(folder, call_endpoint="__call__"), in a functional model: right numbers; the encoder's weights are the model's."""
    network = classifier(model, "__call__")
    assert network.predict(model.inputs) == right(network.layers[-1])
    assert len(network.trainable_weights) == len(loaded.trainable_variables) + 2


@pytest.mark.models(format="saved_model_2", interface="list")
@TFSM_LAYER
@pytest.mark.task("build", instead_of="cases/building/test_functional_list.py::test_predict")
def test_list(model, loaded, right):
    """The same with an encoder that takes a list and gives a list."""
    encoder = tf.keras.layers.TFSMLayer(hub.resolve(model.handle), call_endpoint="__call__")
    inputs = [tf.keras.Input([None], dtype="int32", name=name) for name in model.inputs]
    pooled, _sequence = encoder(inputs)
    network = tf.keras.Model(inputs, tf.keras.layers.Dense(1)(pooled))
    assert network.predict(list(model.inputs.values())) == right(network.layers[-1])
    assert len(network.trainable_weights) == len(loaded.trainable_variables) + 2


@ENCODERS
@TFSM_LAYER
@pytest.mark.declared(
    raises="TypeError",
    match="takes 0 positional arguments",
    instead="that endpoint takes three tensors by name, and TFSMLayer gives it one dict: call_endpoint='__call__'",
    proof="cases/building/test_tfsm_layer.py::test_predict",
)
def test_serving_default(model):
    """Wrong way: TFSMLayer(folder, call_endpoint="serving_default") for a model with several inputs."""
    classifier(model, "serving_default")


@ENCODERS
@TFSM_LAYER
@pytest.mark.declared(
    raises="UnimplementedError",
    match="File system scheme 'https' not implemented",
    instead="it takes a folder: TFSMLayer(hub.resolve(handle), call_endpoint='__call__')",
    proof="cases/building/test_tfsm_layer.py::test_predict",
)
def test_handle(model):
    """Wrong way: TFSMLayer with a handle."""
    tf.keras.layers.TFSMLayer(model.handle, call_endpoint="__call__")


@pytest.mark.lacks("tf.keras.layers.TFSMLayer")
@pytest.mark.declared(
    raises="AttributeError",
    match="has no attribute 'TFSMLayer'",
    when="tensorflow<2.16 or keras=legacy",
    instead="Keras 2 takes hub.KerasLayer(handle)",
    proof="cases/building/test_functional.py::test_predict",
)
def test_keras_2():
    """Wrong way in Keras 2: TFSMLayer, which is in Keras 3 only."""
    tf.keras.layers.TFSMLayer("folder", call_endpoint="__call__")
