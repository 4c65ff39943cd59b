"""Asking hub.KerasLayer for one of several outputs."""

import pytest
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


def test_output_key(model, loaded):
    """output_key="pooled_output" gives one output instead of the dict."""
    pooled = hub.KerasLayer(loaded, output_key="pooled_output")(model.inputs)
    assert pooled.shape == model.outputs["pooled_output"].shape


@pytest.mark.xfail(raises=ValueError, strict=False, reason="it is called 'pooled_output'; the message lists all names")
def test_unknown_output_key(model, loaded):
    """Wrong way: output_key with a name that the model doesn't give."""
    hub.KerasLayer(loaded, output_key="pooled")(model.inputs)
