"""Other tokenizers on the model's own vocabulary: do they give the ids that the preprocessing model gives?"""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub
from tensorflow.core.protobuf import saved_model_pb2

pytestmark = pytest.mark.models(format="saved_model_2", interface="text")


@pytest.fixture(scope="session")
def vocab_file(model):
    """The vocabulary that is in the SavedModel: one wordpiece a line, its id the number of the line."""
    path = Path(hub.resolve(model.handle)) / "assets" / "vocab.txt"
    if not path.is_file():
        pytest.skip("its vocabulary is a SentencePiece model, not a list of wordpieces")
    return str(path)


@pytest.fixture(scope="session")
def pieces_file(model, tmp_path_factory):
    """The SentencePiece model of ALBERT. It is no file of the SavedModel but in its graph, an attribute of an op."""
    file = tmp_path_factory.mktemp("vocabulary") / "pieces.model"
    saved = saved_model_pb2.SavedModel.FromString((Path(hub.resolve(model.handle)) / "saved_model.pb").read_bytes())
    for function in saved.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            if node.op == "SentencepieceOp":
                file.write_bytes(node.attr["model"].s)
                return str(file)
    return pytest.skip("its vocabulary is a list of wordpieces, not a SentencePiece model")


def same(rows, model):
    """Whether these are the publisher's ids, which have [CLS] and [SEP] around them and are cut where they are too many."""
    known = zip(model.outputs["input_word_ids"], model.outputs["input_mask"])
    return [row[: model.width - 2] for row in rows] == [words[1 : mask.sum() - 1].tolist() for words, mask in known]


def differing(batch, model):
    """The entries of a transformers batch that are not what the preprocessing model gives under its own names."""
    names = {"input_ids": "input_word_ids", "attention_mask": "input_mask", "token_type_ids": "input_type_ids"}
    return [name for name, known in names.items() if not np.array_equal(batch[name], model.outputs[known])]


@pytest.mark.declared(
    raises="TypeError",
    match="vocab_lookup_table must be a LookupInterface",
    when="tensorflow<2.1",
    instead="tensorflow-text takes a table, not a file, before 2.1: BertTokenizer of transformers takes the file",
    proof="cases/preprocessing/test_tokenizers.py::test_transformers",
)
def test_bert_tokenizer(model, vocab_file, tensorflow_text):
    """tensorflow_text.BertTokenizer(lower_case=True) gives the same ids."""
    tokenizer = tensorflow_text.BertTokenizer(vocab_file, lower_case=True, token_out_type=tf.int32)
    pieces = tokenizer.tokenize(tf.constant(model.inputs["sentences"]))
    assert same(pieces.merge_dims(1, 2).to_list(), model)


@pytest.mark.declared(
    raises="AttributeError",
    match="module 'tensorflow_text' has no attribute 'FastBertTokenizer'",
    when="tensorflow<2.9",
    instead="tensorflow_text.BertTokenizer, which gives the same ids",
    proof="cases/preprocessing/test_tokenizers.py::test_bert_tokenizer",
)
def test_fast_bert_tokenizer(model, vocab_file, tensorflow_text):
    """tensorflow_text.FastBertTokenizer gives the same ids."""
    vocabulary = Path(vocab_file).read_text(encoding="utf-8").splitlines()
    tokenizer = tensorflow_text.FastBertTokenizer(vocabulary, token_out_type=tf.int32, lower_case_nfd_strip_accents=True)
    pieces = tokenizer.tokenize(tf.constant(model.inputs["sentences"]))
    assert same(pieces.to_list(), model)


@pytest.mark.declared(
    raises="TypeError",
    match="vocab_lookup_table must be a LookupInterface",
    when="tensorflow<2.1",
    instead="tensorflow-text takes a table, not a file, before 2.1: BertTokenizer of transformers takes the file",
    proof="cases/preprocessing/test_tokenizers.py::test_transformers",
)
@pytest.mark.declared(
    raises="AssertionError",
    match="other ids",
    instead="this vocabulary is uncased: BertTokenizer(vocab_file, lower_case=True)",
    proof="cases/preprocessing/test_tokenizers.py::test_bert_tokenizer",
)
def test_without_lower_case(model, vocab_file, tensorflow_text):
    """Wrong way: a tokenizer that keeps capitals, on an uncased vocabulary."""
    tokenizer = tensorflow_text.BertTokenizer(vocab_file, token_out_type=tf.int32)
    pieces = tokenizer.tokenize(tf.constant(model.inputs["sentences"]))
    assert same(pieces.merge_dims(1, 2).to_list(), model), "other ids"


def test_transformers(model, vocab_file, transformers):
    """BertTokenizer(vocab_file, do_lower_case=True) of transformers gives the same ids."""
    tokenizer = transformers.BertTokenizer(vocab_file, do_lower_case=True)
    assert same([tokenizer.encode(text, add_special_tokens=False) for text in model.inputs["sentences"]], model)


def test_transformers_fast(model, vocab_file, transformers):
    """BertTokenizerFast(vocab_file, do_lower_case=True) of transformers gives the same ids."""
    tokenizer = transformers.BertTokenizerFast(vocab_file, do_lower_case=True)
    assert same([tokenizer.encode(text, add_special_tokens=False) for text in model.inputs["sentences"]], model)


@pytest.mark.task("preprocess", instead_of="cases/preprocessing/test_preprocess.py::test_hub_load")
def test_transformers_batch(model, vocab_file, transformers):
    """A batch of transformers, padded to the model's length, is what the preprocessing model gives, under other names."""
    tokenizer = transformers.BertTokenizerFast(vocab_file, do_lower_case=True)
    sentences = model.inputs["sentences"].tolist()
    batch = tokenizer(sentences, padding="max_length", truncation=True, max_length=model.width, return_tensors="np")
    assert not differing(batch, model)


@pytest.mark.declared(
    raises="ValueError",
    match="Value for attr 'output_ragged_rank' of 0 must be at least minimum 1",
    when="tensorflow=2.0 and model=preprocess/3",
    instead="the model was written by a later TensorFlow: tokenize with transformers on its vocabulary",
    proof="cases/preprocessing/test_tokenizers.py::test_transformers_batch",
)
@pytest.mark.needs("eager execution")
def test_transformers_pair(model, vocab_file, transformers, preprocess):
    """A pair of texts given to transformers is what bert_pack_inputs makes of two segments, type ids included."""
    tokenizer = transformers.BertTokenizerFast(vocab_file, do_lower_case=True)
    pair = tokenizer(["a film"], ["the story"], padding="max_length", max_length=16, return_tensors="np")
    segments = [preprocess.tokenize(tf.constant([text])) for text in ("a film", "the story")]
    packed = preprocess.bert_pack_inputs(segments, tf.constant(16))
    assert np.array_equal(pair["input_ids"], packed["input_word_ids"].numpy())
    assert np.array_equal(pair["token_type_ids"], packed["input_type_ids"].numpy())


@pytest.mark.task("preprocess", instead_of="cases/preprocessing/test_preprocess.py::test_hub_load")
def test_transformers_albert(model, pieces_file, sentencepiece, transformers):
    """AlbertTokenizer(pieces_file, do_lower_case=True) of transformers gives the same batch; it needs sentencepiece.

    Only up to transformers 4: 5.24.0 takes no such file, "TypeError: Can't extract `str` to `Vec`".
    """
    tokenizer = transformers.AlbertTokenizer(pieces_file, do_lower_case=True)
    sentences = model.inputs["sentences"].tolist()
    batch = tokenizer(sentences, padding="max_length", truncation=True, max_length=model.width, return_tensors="np")
    assert not differing(batch, model)


@pytest.mark.declared(
    raises="AssertionError",
    match="other ids",
    instead="this vocabulary is uncased: BertTokenizer(vocab_file, do_lower_case=True)",
    proof="cases/preprocessing/test_tokenizers.py::test_transformers",
)
def test_transformers_without_lower_case(model, vocab_file, transformers):
    """Wrong way: BertTokenizer of transformers that keeps capitals, on an uncased vocabulary."""
    tokenizer = transformers.BertTokenizer(vocab_file, do_lower_case=False)
    assert same([tokenizer.encode(text, add_special_tokens=False) for text in model.inputs["sentences"]], model), "other ids"


@pytest.mark.declared(
    raises="ValueError",
    match="tf is not a valid TensorType",
    when="package(transformers)>=5",
    instead='transformers 5 knows no TensorFlow: return_tensors="np", for encoders take arrays as well',
    proof="cases/preprocessing/test_tokenizers.py::test_transformers_batch",
)
def test_transformers_tensors(model, vocab_file, transformers):
    """return_tensors="tf" gives TensorFlow's tensors, the ids that return_tensors="np" gives."""
    tokenizer = transformers.BertTokenizerFast(vocab_file, do_lower_case=True)
    sentences = model.inputs["sentences"].tolist()
    tensors, arrays = (tokenizer(sentences, padding=True, truncation=True, return_tensors=kind) for kind in ("tf", "np"))
    assert tf.is_tensor(tensors["input_ids"])
    assert np.array_equal(tensors["input_ids"].numpy(), arrays["input_ids"])
