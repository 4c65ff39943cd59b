"""hub.KerasLayer: the model as a Keras layer."""

import pytest
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface=["dict", "list"])


def test_frozen(layer):
    """hub.KerasLayer(handle) loads; its weights are frozen unless you ask."""
    assert layer.weights
    assert not layer.trainable_weights


def test_trainable(loaded):
    """hub.KerasLayer(..., trainable=True): all variables that the model trains are the layer's."""
    encoder = hub.KerasLayer(loaded, trainable=True)
    assert len(encoder.trainable_weights) == len(loaded.trainable_variables) > 0


def test_trainable_later(loaded):
    """encoder.trainable = True does the same afterwards."""
    encoder = hub.KerasLayer(loaded)
    encoder.trainable = True
    assert len(encoder.trainable_weights) == len(loaded.trainable_variables) > 0


def test_resolved_object(layer):
    """layer.resolved_object is what hub.load gives: signatures, vocabulary (in ALBERT sp_model_file) and all."""
    assert "serving_default" in layer.resolved_object.signatures
    vocabulary = "vocab_file" if hasattr(layer.resolved_object, "vocab_file") else "sp_model_file"
    assert getattr(layer.resolved_object, vocabulary).asset_path is not None


def test_loaded_object(loaded):
    """hub.KerasLayer takes what hub.load gives in the place of a handle."""
    assert hub.KerasLayer(loaded).resolved_object is loaded


def test_twice(layer, loaded):
    """A handle that is loaded twice gives two sets of weights."""
    ours = {id(weight) for weight in layer.weights}
    assert ours
    assert not ours & {id(variable) for variable in loaded.variables}


def test_config(model, layer):
    """layer.get_config() names the handle: a saved Keras model loads it again from there."""
    assert layer.get_config()["handle"] == model.handle


@pytest.mark.declared(
    raises="NotImplementedError",
    match=r"Can only generate a valid config for `hub\.KerasLayer\(handle, \.\.\.\)`",
    instead="a config can only hold a handle: give hub.KerasLayer the handle",
    proof="cases/loading/test_keras_layer.py::test_config",
)
def test_config_of_a_loaded_object(loaded):
    """Wrong way: get_config of a layer around a loaded object."""
    hub.KerasLayer(loaded).get_config()


@pytest.mark.models(interface="list")
@pytest.mark.declared(
    raises="ValueError",
    match="Specifying `output_key` is forbidden if output type <class 'list'> is not a dict",
    instead="this model gives a list: pooled, sequence = encoder(inputs)",
    proof="cases/encoding/test_encode_list.py::test_pooled_values",
)
def test_output_key_of_a_list(model, loaded):
    """Wrong way: output_key for a model that gives a list."""
    hub.KerasLayer(loaded, output_key="pooled_output")(list(model.inputs.values()))
