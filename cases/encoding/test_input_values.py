"""What the ids handed to an encoder may be: int32, rank 2, within the vocabulary. And what is refused, or worse, is not."""

import numpy as np
import pytest
import tensorflow as tf

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


def test_numpy(model, encoder):
    """int32 arrays of numpy serve as well as tensors."""
    arrays = encoder(model.inputs)["pooled_output"].numpy()
    tensors = encoder({name: tf.constant(value) for name, value in model.inputs.items()})["pooled_output"].numpy()
    difference = np.abs(arrays - tensors).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_cast(model, encoder):
    """int64, which numpy and most tokenizers give, works after tf.cast(ids, tf.int32)."""
    wide = {name: value.astype(np.int64) for name, value in model.inputs.items()}
    cast = encoder({name: tf.cast(value, tf.int32) for name, value in wide.items()})["pooled_output"].numpy()
    difference = np.abs(cast - encoder(model.inputs)["pooled_output"].numpy()).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@pytest.mark.xfail(raises=ValueError, strict=False, reason="ids are int32: tf.cast(ids, tf.int32)")
def test_int64(model, encoder):
    """Wrong way: int64 ids."""
    encoder({name: value.astype(np.int64) for name, value in model.inputs.items()})


@pytest.mark.xfail(raises=ValueError, strict=False, reason="ids are int32: tf.cast(ids, tf.int32)")
def test_float(model, encoder):
    """Wrong way: float ids, which is what tf.keras.Input and model.fit make of them without dtype."""
    encoder({name: value.astype(np.float32) for name, value in model.inputs.items()})


@pytest.mark.xfail(raises=ValueError, strict=False, reason="ids are numbers from the model's own vocabulary")
def test_pieces_as_strings(encoder):
    """Wrong way: the wordpieces themselves instead of their ids."""
    pieces = tf.constant([["[CLS]", "this", "film", "[SEP]"]])
    encoder({"input_word_ids": pieces, "input_mask": tf.ones([1, 4], tf.int32), "input_type_ids": tf.zeros([1, 4], tf.int32)})


def test_python_lists(model, encoder):
    """Python lists of lists serve too."""
    lists = encoder({name: value.tolist() for name, value in model.inputs.items()})["pooled_output"].numpy()
    difference = np.abs(lists - encoder(model.inputs)["pooled_output"].numpy()).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@pytest.mark.xfail(raises=ValueError, strict=False, reason="a batch of one is [1, length]: ids[tf.newaxis]")
def test_one_text_without_batch(model, encoder):
    """Wrong way: one text as rank 1, [length]."""
    encoder({name: value[0] for name, value in model.inputs.items()})


def test_one_text_with_batch(model, encoder):
    """One text is a batch of one: [1, length]."""
    outputs = encoder({name: value[0][np.newaxis] for name, value in model.inputs.items()})
    assert outputs["pooled_output"].numpy().shape == (1, model.width)


def test_beyond_the_vocabulary(model, encoder, on_device):
    """An id that the vocabulary doesn't have, as with another model's tokenizer, is an error."""

    @on_device
    def encode(inputs):
        return encoder(inputs)["pooled_output"]

    words = np.full_like(model.inputs["input_word_ids"], 10**6)
    with pytest.raises(tf.errors.InvalidArgumentError):
        encode(dict(model.inputs, input_word_ids=words)).numpy()
