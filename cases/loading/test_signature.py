"""hub.KerasLayer through a signature of a TF2 SavedModel: possible, seldom needed, never trainable."""

import pytest
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface=["dict", "list"])


@pytest.mark.needs("eager execution")
@pytest.mark.declared(
    raises="TypeError",
    match=r"got unexpected keyword arguments: training|Keyword arguments \['training'\] unknown",
    when="hub<0.13",
    instead="call the signature itself: hub.load(handle).signatures['serving_default'](**inputs)",
    proof="cases/loading/test_hub_load.py::test_signature",
)
def test_signature(model, loaded):
    """signature="serving_default", signature_outputs_as_dict=True: named inputs go in, a dict with the right values comes out."""
    encoder = hub.KerasLayer(loaded, signature="serving_default", signature_outputs_as_dict=True)
    outputs = encoder(model.inputs)
    right = pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)
    assert any(value.numpy() == right for value in outputs.values())


@pytest.mark.declared(
    raises="ValueError",
    match="either output_key or signature_outputs_as_dict=True should be set",
    instead="say signature_outputs_as_dict=True, or leave the signature away",
    proof="cases/loading/test_keras_layer.py::test_frozen",
)
def test_signature_alone(loaded):
    """Wrong way: a signature without a word about its outputs."""
    hub.KerasLayer(loaded, signature="serving_default")


@pytest.mark.declared(
    raises="ValueError",
    match="signature_outputs_as_dict is only valid if specifying a signature",
    instead="leave it away: without a signature the model itself says what comes out",
    proof="cases/loading/test_keras_layer.py::test_frozen",
)
def test_as_dict_without_signature(loaded):
    """Wrong way: signature_outputs_as_dict=True without a signature."""
    hub.KerasLayer(loaded, signature_outputs_as_dict=True)


@pytest.mark.declared(
    raises="ValueError",
    match="Unknown signature tokens in",
    instead="'tokens' is the signature of TF1 modules: leave signature away, or name 'serving_default'",
    proof="cases/loading/test_keras_layer.py::test_frozen",
)
def test_tf1_signature(loaded):
    """Wrong way: the signature's name of a TF1 module."""
    hub.KerasLayer(loaded, signature="tokens", signature_outputs_as_dict=True)


@pytest.mark.declared(
    raises="ValueError",
    match=r"Setting hub\.KerasLayer\.trainable = True is unsupported when calling a SavedModel signature",
    instead="a signature can't be trained: leave signature away",
    proof="cases/loading/test_keras_layer.py::test_trainable",
)
def test_trainable_signature(model, loaded):
    """Wrong way: trainable=True together with a signature."""
    encoder = hub.KerasLayer(loaded, signature="serving_default", signature_outputs_as_dict=True, trainable=True)
    encoder(model.inputs)
