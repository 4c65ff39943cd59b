"""Other tokenizers on the model's own vocabulary: do they give the ids that the preprocessing model gives?"""

from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="text")


@pytest.fixture
def vocab_file(model):
    """The vocabulary that is in the SavedModel: one wordpiece a line, its id the number of the line."""
    return str(Path(hub.resolve(model.handle)) / "assets" / "vocab.txt")


def same(rows, model):
    """Whether these are the publisher's ids, which have [CLS] and [SEP] around them and are cut where they are too many."""
    known = zip(model.outputs["input_word_ids"], model.outputs["input_mask"])
    return [row[: model.width - 2] for row in rows] == [words[1 : mask.sum() - 1].tolist() for words, mask in known]


def test_bert_tokenizer(model, vocab_file, tensorflow_text):
    """tensorflow_text.BertTokenizer(lower_case=True) gives the same ids."""
    tokenizer = tensorflow_text.BertTokenizer(vocab_file, lower_case=True, token_out_type=tf.int32)
    pieces = tokenizer.tokenize(tf.constant(model.inputs["sentences"]))
    assert same(pieces.merge_dims(1, 2).to_list(), model)


def test_fast_bert_tokenizer(model, vocab_file, tensorflow_text):
    """tensorflow_text.FastBertTokenizer gives the same ids; 2.8 and before have none."""
    vocabulary = Path(vocab_file).read_text(encoding="utf-8").splitlines()
    tokenizer = tensorflow_text.FastBertTokenizer(vocabulary, token_out_type=tf.int32, lower_case_nfd_strip_accents=True)
    pieces = tokenizer.tokenize(tf.constant(model.inputs["sentences"]))
    assert same(pieces.to_list(), model)


@pytest.mark.xfail(raises=AssertionError, strict=False, reason="this vocabulary is uncased: lower_case=True")
def test_without_lower_case(model, vocab_file, tensorflow_text):
    """Wrong way: a tokenizer that keeps capitals, on an uncased vocabulary."""
    tokenizer = tensorflow_text.BertTokenizer(vocab_file, token_out_type=tf.int32)
    pieces = tokenizer.tokenize(tf.constant(model.inputs["sentences"]))
    assert same(pieces.merge_dims(1, 2).to_list(), model)


def test_transformers(model, vocab_file):
    """BertTokenizer of transformers, on the same vocabulary, gives the same ids."""
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.BertTokenizer(vocab_file, do_lower_case=True)
    assert same([tokenizer.encode(text, add_special_tokens=False) for text in model.inputs["sentences"]], model)
