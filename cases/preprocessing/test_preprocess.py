"""Strings in, ids out: calling a preprocessing model, after the import that registers its ops."""

import numpy as np
import pytest
import tensorflow as tf

TOO_OLD = pytest.mark.declared(
    raises="ValueError",
    match="Value for attr 'output_ragged_rank' of 0 must be at least minimum 1",
    when="tensorflow=2.0 and model=preprocess/3",
    instead="the model was written by a later TensorFlow: tokenize with transformers on its vocabulary",
    proof="cases/preprocessing/test_tokenizers.py::test_transformers_batch",
)
pytestmark = [pytest.mark.models(format="saved_model_2", interface="text"), pytest.mark.needs("eager execution"), TOO_OLD]


def differing(outputs, model):
    """Names of the outputs that are not the publisher's."""
    return [name for name, ids in model.outputs.items() if not np.array_equal(outputs[name].numpy(), ids)]


@pytest.mark.task("preprocess")
def test_hub_load(model, preprocess):
    """hub.load gives a function from strings to the encoder's three inputs, with the publisher's ids."""
    outputs = preprocess(tf.constant(model.inputs["sentences"]))
    assert sorted(outputs) == ["input_mask", "input_type_ids", "input_word_ids"]
    assert {ids.dtype for ids in outputs.values()} == {tf.int32}
    assert not differing(outputs, model)


def test_keras_layer(model, layer):
    """hub.KerasLayer gives the same ids, and has no weights."""
    assert not differing(layer(tf.constant(model.inputs["sentences"])), model)
    assert not layer.weights


def test_numpy_strings(model, preprocess):
    """A NumPy array of strings does as well as a tensor."""
    assert not differing(preprocess(model.inputs["sentences"]), model)


def test_list_of_strings(model, preprocess):
    """A Python list of strings does, too."""
    assert not differing(preprocess(model.inputs["sentences"].tolist()), model)


def test_in_a_dataset(model, preprocess):
    """Dataset.map runs it on the host, beside the training: where it belongs."""
    dataset = tf.data.Dataset.from_tensor_slices(model.inputs["sentences"]).batch(2).map(preprocess)
    rows = [batch["input_word_ids"].numpy() for batch in dataset]
    assert np.array_equal(np.concatenate(rows), model.outputs["input_word_ids"])


def test_long_text_is_cut(model, preprocess):
    """Text of more wordpieces than fit is cut, and ends with [SEP] all the same."""
    words = preprocess(tf.constant(["film", "film " * 1000]))["input_word_ids"].numpy()
    assert words.shape == (2, model.width)
    assert words[1, -1] == words[0, 2] != 0


def test_empty_text(model, preprocess):
    """The empty text is [CLS] [SEP] and padding."""
    encoded = preprocess(tf.constant([""]))
    assert encoded["input_mask"].numpy().sum() == 2
    ids, whole = encoded["input_word_ids"].numpy()[0], model.outputs["input_word_ids"][0]
    assert ids[0] == whole[0]  # [CLS]
    assert ids[1] == whole[model.outputs["input_mask"][0].sum() - 1]  # [SEP]
    assert not ids[2:].any()


@TOO_OLD
@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+shape=\(\),? dtype=string",
    instead="a batch of strings is wanted, rank 1: put it in a list",
    proof="cases/preprocessing/test_preprocess.py::test_list_of_strings",
)
def test_one_string(model, preprocess):
    """Wrong way: one string that is not in a batch."""
    preprocess(tf.constant("a film"))


@TOO_OLD
@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+'text': <tf\.Tensor",
    instead="it takes a tensor of strings, not a dict",
    proof="cases/preprocessing/test_preprocess.py::test_hub_load",
)
def test_dict_of_text(model, preprocess):
    """Wrong way: dict(text=...)."""
    preprocess({"text": tf.constant(["a film"])})


@TOO_OLD
@pytest.mark.declared(
    raises="TypeError",
    match="got an unexpected keyword argument 'seq_length'",
    when="tensorflow>=2.12",
    instead="the length is fixed here: .tokenize, then .bert_pack_inputs(segments, seq_length)",
    proof="cases/preprocessing/test_tokenize_and_pack.py::test_pack_to_another_length",
)
@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+Keyword arguments: {'seq_length': 16}",
    when="tensorflow<2.12",
    instead="the length is fixed here: .tokenize, then .bert_pack_inputs(segments, seq_length)",
    proof="cases/preprocessing/test_tokenize_and_pack.py::test_pack_to_another_length",
)
def test_seq_length_of_the_call(model, preprocess):
    """Wrong way: asking the call for another seq_length."""
    preprocess(tf.constant(["a film"]), seq_length=16)


def test_keras_layer_on_a_list(model, layer):
    """hub.KerasLayer takes a Python list of strings for a batch, too."""
    assert not differing(layer(model.inputs["sentences"].tolist()), model)
