"""Encoding with a TF2 SavedModel: a dict goes in, a dict comes out."""

from functools import lru_cache

import numpy as np
import pytest
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


@lru_cache(maxsize=None)  # one model serves all cases of this file
def encoded(model, on_device):
    encoder = hub.KerasLayer(model.handle)

    @on_device
    def encode(inputs):
        return encoder(inputs)

    return encode(model.inputs)


def test_pooled_shape(model, on_device):
    """pooled_output is one vector per text: [batch, width]."""
    outputs = encoded(model, on_device)
    assert outputs["pooled_output"].shape == model.outputs["pooled_output"].shape


def test_sequence_shape(model, on_device):
    """sequence_output is one vector per token: [batch, length, width]."""
    outputs = encoded(model, on_device)
    assert outputs["sequence_output"].shape == model.outputs["sequence_output"].shape


def test_pooled_values(model, on_device):
    """pooled_output has the values that the publisher's TensorFlow gave."""
    outputs = encoded(model, on_device)
    difference = np.abs(outputs["pooled_output"].numpy() - model.outputs["pooled_output"]).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_sequence_values(model, on_device):
    """sequence_output has the values that the publisher's TensorFlow gave."""
    outputs = encoded(model, on_device)
    difference = np.abs(outputs["sequence_output"].numpy() - model.outputs["sequence_output"]).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_default_is_pooled(model, on_device):
    """outputs["default"] is pooled_output under another name."""
    outputs = encoded(model, on_device)
    assert np.array_equal(outputs["default"].numpy(), outputs["pooled_output"].numpy())
