"""Asking hub.KerasLayer for one of several outputs."""

import pytest
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2")


@pytest.mark.models(interface="dict")
def test_output_key(model, loaded):
    """output_key="pooled_output" gives one output instead of the dict."""
    pooled = hub.KerasLayer(loaded, output_key="pooled_output")(model.inputs)
    assert pooled.shape == model.outputs["pooled_output"].shape


@pytest.mark.models(interface="dict")
@pytest.mark.xfail(raises=ValueError, strict=False, reason="it is called 'pooled_output'; the message lists all names")
def test_unknown_output_key(model, loaded):
    """Wrong way: output_key with a name that the model doesn't give."""
    hub.KerasLayer(loaded, output_key="pooled")(model.inputs)


@pytest.mark.models(interface="list")
@pytest.mark.xfail(raises=ValueError, strict=False, reason="this model gives a list: pooled, sequence = encoder(inputs)")
def test_output_key_of_a_list(model, loaded):
    """Wrong way: output_key for a model that gives a list."""
    hub.KerasLayer(loaded, output_key="pooled_output")(list(model.inputs.values()))
