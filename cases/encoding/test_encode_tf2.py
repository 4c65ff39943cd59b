"""Encoding with a TF2 SavedModel: a dict goes in, a dict comes out."""

import numpy as np
import pytest

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")
EAGER = pytest.mark.needs("eager execution")


@pytest.fixture(scope="module")  # one call serves all cases of this file
def outputs(model, encoder, on_device):  # encoder: hub.KerasLayer(model.handle)
    @on_device
    def encode(inputs):
        return encoder(inputs)

    return encode(model.inputs)


def test_pooled_shape(model, outputs):
    """pooled_output is one vector per text: [batch, width]."""
    assert outputs["pooled_output"].shape == (len(model.inputs["input_mask"]), model.width)


def test_sequence_shape(model, outputs):
    """sequence_output is one vector per token: [batch, length, width]."""
    assert outputs["sequence_output"].shape == (*model.inputs["input_mask"].shape, model.width)


@EAGER
@pytest.mark.declared(
    raises="AssertionError",
    match="max abs difference",
    when="(tensorflow<2.7 or tensorflow=2.8) and device=xla-cpu",
    instead="XLA's fast math adds scores and padding mask first, and loses the scores: XLA_FLAGS=--xla_cpu_enable_fast_math=false",
    proof="cases/encoding/test_masked_softmax.py::test_without_fast_math",
)
@pytest.mark.task("encode")
def test_pooled_values(model, outputs, record_property):
    """pooled_output has the values that the publisher's TensorFlow gave, in another process."""
    difference = np.abs(outputs["pooled_output"].numpy() - model.outputs["pooled_output"]).max()
    record_property("drift", float(difference))
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@EAGER
@pytest.mark.declared(
    raises="AssertionError",
    match="max abs difference",
    when="(tensorflow<2.7 or tensorflow=2.8) and device=xla-cpu",
    instead="XLA's fast math adds scores and padding mask first, and loses the scores: XLA_FLAGS=--xla_cpu_enable_fast_math=false",
    proof="cases/encoding/test_masked_softmax.py::test_without_fast_math",
)
def test_sequence_values(model, outputs, record_property):
    """sequence_output has the values that the publisher's TensorFlow gave, in another process."""
    difference = np.abs(outputs["sequence_output"].numpy() - model.outputs["sequence_output"]).max()
    record_property("drift", float(difference))
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@EAGER
def test_default_is_pooled(outputs):
    """outputs["default"] is pooled_output under another name."""
    assert np.array_equal(outputs["default"].numpy(), outputs["pooled_output"].numpy())


@EAGER
def test_first_token_is_not_pooled(outputs):
    """pooled_output went through a dense layer: it is not the first token's vector in sequence_output."""
    assert not np.allclose(outputs["pooled_output"].numpy(), outputs["sequence_output"][:, 0].numpy())
