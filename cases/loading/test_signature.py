"""hub.KerasLayer through a signature of a TF2 SavedModel: possible, seldom needed, never trainable."""

import pytest
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface=["dict", "list"])


def test_signature(model, loaded):
    """signature="serving_default", signature_outputs_as_dict=True: named inputs go in, a dict comes out."""
    encoder = hub.KerasLayer(loaded, signature="serving_default", signature_outputs_as_dict=True)
    outputs = encoder(model.inputs)
    assert any(value.shape == model.outputs["pooled_output"].shape for value in outputs.values())


@pytest.mark.xfail(raises=ValueError, strict=False, reason="say signature_outputs_as_dict=True or output_key='...'")
def test_signature_alone(loaded):
    """Wrong way: a signature without a word about its outputs."""
    hub.KerasLayer(loaded, signature="serving_default")


@pytest.mark.xfail(raises=ValueError, strict=False, reason="signature_outputs_as_dict belongs to signature='...'")
def test_as_dict_without_signature(loaded):
    """Wrong way: signature_outputs_as_dict=True without a signature."""
    hub.KerasLayer(loaded, signature_outputs_as_dict=True)


@pytest.mark.xfail(
    raises=ValueError, strict=False, reason="'tokens' is the signature of TF1 modules; this one has 'serving_default'"
)
def test_tf1_signature(loaded):
    """Wrong way: the signature's name of a TF1 module."""
    hub.KerasLayer(loaded, signature="tokens", signature_outputs_as_dict=True)


@pytest.mark.xfail(raises=ValueError, strict=False, reason="a signature can't be trained: leave signature away")
def test_trainable_signature(model, loaded):
    """Wrong way: trainable=True together with a signature."""
    encoder = hub.KerasLayer(loaded, signature="serving_default", signature_outputs_as_dict=True, trainable=True)
    encoder(model.inputs)
