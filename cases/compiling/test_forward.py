"""Encoding: does the TPU compiler take the forward pass?"""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.devices("tpu-v2", "tpu-v3", "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "tpu-7x")


@pytest.mark.models(format="saved_model_2", interface="dict")
def test_dict(model, loaded, compiled):
    """hub.KerasLayer on a dict of int32 tensors: the forward pass compiles."""
    encoder = hub.KerasLayer(loaded)
    program = compiled(lambda inputs: encoder(inputs)["pooled_output"], model.inputs)
    assert program.code_bytes > 0


@pytest.mark.models(format="saved_model_2", interface="list")
def test_list(model, loaded, compiled):
    """hub.KerasLayer on a list of int32 tensors: the forward pass compiles."""
    encoder = hub.KerasLayer(loaded)
    program = compiled(lambda inputs: encoder(inputs)[0], list(model.inputs.values()))
    assert program.code_bytes > 0


@pytest.mark.models(format="hub")
def test_signature(model, loaded, compiled):
    """The signature "tokens" of a TF1 module: the forward pass compiles."""
    ids, mask, types = (tf.constant(rows) for rows in model.inputs.values())

    def encode(ids, mask, types):
        return loaded.signatures["tokens"](input_ids=ids, input_mask=mask, segment_ids=types)["pooled_output"]

    program = compiled(encode, ids, mask, types)
    assert program.code_bytes > 0
