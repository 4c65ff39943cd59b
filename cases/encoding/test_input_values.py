"""What the ids handed to an encoder may be: int32, rank 2, within the vocabulary. And what is refused, or worse, is not."""

import numpy as np
import pytest
import tensorflow as tf

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")
EAGER = pytest.mark.needs("eager execution")


@EAGER
def test_numpy(model, encoder):
    """int32 arrays of numpy serve as well as tensors: both give the published vectors."""
    right = pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)
    assert encoder(model.inputs)["pooled_output"].numpy() == right
    assert encoder({name: tf.constant(value) for name, value in model.inputs.items()})["pooled_output"].numpy() == right


@EAGER
def test_cast(model, encoder):
    """int64, which numpy and most tokenizers give, works after tf.cast(ids, tf.int32)."""
    wide = {name: value.astype(np.int64) for name, value in model.inputs.items()}
    cast = encoder({name: tf.cast(value, tf.int32) for name, value in wide.items()})["pooled_output"].numpy()
    difference = np.abs(cast - encoder(model.inputs)["pooled_output"].numpy()).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+dtype=int64",
    instead="ids are int32: tf.cast(ids, tf.int32)",
    proof="cases/encoding/test_input_values.py::test_cast",
)
def test_int64(model, encoder):
    """Wrong way: int64 ids."""
    encoder({name: value.astype(np.int64) for name, value in model.inputs.items()})


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+dtype=float32",
    instead="ids are int32: tf.cast(ids, tf.int32)",
    proof="cases/encoding/test_input_values.py::test_cast",
)
def test_float(model, encoder):
    """Wrong way: float ids, which is what tf.keras.Input and model.fit make of them without dtype."""
    encoder({name: value.astype(np.float32) for name, value in model.inputs.items()})


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+shape=\(1, 4\),? dtype=string",
    instead="ids are numbers: the lines of the model's own vocabulary",
    proof="cases/encoding/test_input_values.py::test_numpy",
)
def test_pieces_as_strings(encoder):
    """Wrong way: the wordpieces themselves instead of their ids."""
    pieces = tf.constant([["[CLS]", "this", "film", "[SEP]"]])
    encoder({"input_word_ids": pieces, "input_mask": tf.ones([1, 4], tf.int32), "input_type_ids": tf.zeros([1, 4], tf.int32)})


@EAGER
def test_python_lists(model, encoder):
    """Python lists of lists serve too."""
    lists = encoder({name: value.tolist() for name, value in model.inputs.items()})["pooled_output"].numpy()
    difference = np.abs(lists - encoder(model.inputs)["pooled_output"].numpy()).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+shape=\(\d+,\),? dtype=int32",
    instead="a batch of one is [1, length]: ids[tf.newaxis]",
    proof="cases/encoding/test_input_values.py::test_one_text_with_batch",
)
def test_one_text_without_batch(model, encoder):
    """Wrong way: one text as rank 1, [length]."""
    encoder({name: value[0] for name, value in model.inputs.items()})


@EAGER
def test_one_text_with_batch(model, encoder):
    """One text is a batch of one, [1, length], and gives its published vector."""
    outputs = encoder({name: value[0][np.newaxis] for name, value in model.inputs.items()})
    assert outputs["pooled_output"].numpy() == pytest.approx(model.outputs["pooled_output"][:1], abs=model.tolerance)


@pytest.fixture
def encode_words(model, encoder, on_device):
    """The vectors of rows that hold one id over and over."""

    @on_device
    def encode(inputs):
        return encoder(inputs)["pooled_output"]

    return lambda word: encode(dict(model.inputs, input_word_ids=np.full_like(model.inputs["input_word_ids"], word))).numpy()


@EAGER
@pytest.mark.devices("cpu")
def test_beyond_the_vocabulary(encode_words):
    """An id that the vocabulary doesn't have, as with another model's tokenizer, is an error."""
    with pytest.raises(tf.errors.InvalidArgumentError):
        encode_words(10**6)


@EAGER
@pytest.mark.devices("xla-cpu")
def test_beyond_the_vocabulary_compiled(encoder, encode_words):
    """Compiled by XLA there is no error: an id that the vocabulary doesn't have counts as its last one."""
    last = next(weight.shape[0] for weight in encoder.weights if "word_embeddings" in weight.name) - 1
    assert np.array_equal(encode_words(10**6), encode_words(last))
