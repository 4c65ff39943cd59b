"""Encoding inside tf.function, with batch and length left open, and with ragged ids."""

import numpy as np
import pytest
import tensorflow as tf

pytestmark = [pytest.mark.models(format="saved_model_2", interface="dict"), pytest.mark.needs("eager execution")]


def test_input_signature(model, encoder):
    """An input_signature of [None, None] serves every batch and length with one trace."""
    traces = []

    @tf.function(input_signature=[{name: tf.TensorSpec([None, None], tf.int32) for name in model.inputs}])
    def encode(inputs):
        traces.append(inputs)
        return encoder(inputs)["pooled_output"]

    both = encode({name: tf.constant(value) for name, value in model.inputs.items()}).numpy()
    short = encode({name: tf.constant(value[1:, :7]) for name, value in model.inputs.items()}).numpy()
    assert np.abs(both[1:] - short).max() <= model.tolerance
    assert len(traces) == 1


def test_without_input_signature(model, encoder):
    """Without input_signature every new shape is traced again: slow, the same numbers."""
    traces = []

    @tf.function
    def encode(inputs):
        traces.append(inputs)
        return encoder(inputs)["pooled_output"]

    both = encode({name: tf.constant(value) for name, value in model.inputs.items()}).numpy()
    short = encode({name: tf.constant(value[1:, :7]) for name, value in model.inputs.items()}).numpy()
    assert np.abs(both[1:] - short).max() <= model.tolerance
    assert len(traces) == 2


def ragged(model):
    """Only the tokens of each text, as tokenizers of tensorflow-text give them."""
    lengths = model.inputs["input_mask"].sum(axis=1)
    return tf.RaggedTensor.from_tensor(model.inputs["input_word_ids"], lengths=lengths)


def test_ragged_made_dense(model, encoder):
    """Ragged ids: to_tensor() pads them, sequence_mask of their lengths is the mask."""
    ids = ragged(model)
    inputs = {
        "input_word_ids": ids.to_tensor(),
        "input_mask": tf.sequence_mask(ids.row_lengths(), dtype=tf.int32),
        "input_type_ids": tf.constant(model.inputs["input_type_ids"]),
    }
    difference = np.abs(encoder(inputs)["pooled_output"].numpy() - encoder(model.inputs)["pooled_output"].numpy()).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+RaggedTensor",
    instead="an encoder takes dense ids: ids.to_tensor()",
    proof="cases/encoding/test_encode_in_function.py::test_ragged_made_dense",
)
def test_ragged(model, encoder):
    """Wrong way: ragged ids."""
    ids = ragged(model)
    ones = tf.ones_like(ids)
    encoder({"input_word_ids": ids, "input_mask": ones, "input_type_ids": ones - 1})
