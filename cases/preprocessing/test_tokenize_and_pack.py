"""The two halves of a preprocessing model: `.tokenize` strings, `.bert_pack_inputs` to a length of your own."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

TOO_OLD = pytest.mark.declared(
    raises="ValueError",
    match="Value for attr 'output_ragged_rank' of 0 must be at least minimum 1",
    when="tensorflow=2.0 and model=preprocess/3",
    instead="the model was written by a later TensorFlow: tokenize with transformers on its vocabulary",
    proof="cases/preprocessing/test_tokenizers.py::test_transformers_batch",
)
pytestmark = [pytest.mark.models(format="saved_model_2", interface="text"), pytest.mark.needs("eager execution"), TOO_OLD]


def test_tokenize(model, preprocess):
    """tokenize gives a ragged tensor, [batch, words, wordpieces] or of SentencePiece [batch, pieces], without [CLS] and [SEP]."""
    pieces = preprocess.tokenize(tf.constant(model.inputs["sentences"]))
    assert isinstance(pieces, tf.RaggedTensor)
    rows = (pieces.merge_dims(1, 2) if pieces.shape.rank == 3 else pieces).to_list()
    for row, words, mask in zip(rows, model.outputs["input_word_ids"], model.outputs["input_mask"]):
        assert row[: model.width - 2] == words[1 : mask.sum() - 1].tolist()


def test_pack_to_another_length(model, preprocess):
    """bert_pack_inputs(segments, seq_length) packs to any length; the last place of a text that is cut is [SEP]."""
    pieces = preprocess.tokenize(tf.constant(model.inputs["sentences"]))
    words = preprocess.bert_pack_inputs([pieces], tf.constant(64))["input_word_ids"].numpy()
    assert words.shape == (len(model.inputs["sentences"]), 64)
    assert np.array_equal(words[:, :63], model.outputs["input_word_ids"][:, :63])


def test_two_segments(model, preprocess):
    """Two segments are told apart by input_type_ids: 0 in the first, 1 in the second, each with its [SEP]."""
    first, second = preprocess.tokenize(tf.constant(["a film"])), preprocess.tokenize(tf.constant(["the story"]))
    types = preprocess.bert_pack_inputs([first, second], tf.constant(16))["input_type_ids"].numpy()[0]
    sizes = [len(pieces.flat_values) for pieces in (first, second)]
    padding = 16 - sum(sizes) - 3
    assert types.tolist() == [0] * (sizes[0] + 2) + [1] * (sizes[1] + 1) + [0] * padding


def test_keras_layers(model, preprocess):
    """Each half is a hub.KerasLayer; the length is given by arguments=dict(seq_length=...). The publisher's ids, cut there."""
    tokenize = hub.KerasLayer(preprocess.tokenize)
    pack = hub.KerasLayer(preprocess.bert_pack_inputs, arguments={"seq_length": 32})
    outputs = pack([tokenize(tf.constant(model.inputs["sentences"]))])
    words = outputs["input_word_ids"].numpy()
    assert words.shape == (len(model.inputs["sentences"]), 32)
    assert np.array_equal(words[:, :31], model.outputs["input_word_ids"][:, :31])  # the last one of a text that is cut is [SEP]


@TOO_OLD
@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+\* tf\.RaggedTensor",
    instead="segments are a list, also where there is one: bert_pack_inputs([pieces], seq_length)",
    proof="cases/preprocessing/test_tokenize_and_pack.py::test_pack_to_another_length",
)
def test_pack_without_a_list(model, preprocess):
    """Wrong way: bert_pack_inputs of the one segment itself."""
    preprocess.bert_pack_inputs(preprocess.tokenize(tf.constant(["a film"])), tf.constant(16))
