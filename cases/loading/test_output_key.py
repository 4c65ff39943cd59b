"""Asking hub.KerasLayer for one of several outputs."""

import pytest
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


@pytest.mark.needs("eager execution")
def test_output_key(model, loaded):
    """output_key="pooled_output" gives one output instead of the dict."""
    pooled = hub.KerasLayer(loaded, output_key="pooled_output")(model.inputs)
    assert pooled.numpy() == pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)


@pytest.mark.declared(
    raises="ValueError",
    match="does not contain the output key pooled ",
    instead="it is called 'pooled_output'; the message lists all names",
    proof="cases/loading/test_output_key.py::test_output_key",
)
def test_unknown_output_key(model, loaded):
    """Wrong way: output_key with a name that the model doesn't give."""
    hub.KerasLayer(loaded, output_key="pooled")(model.inputs)
