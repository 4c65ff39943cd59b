"""Encoding with a module in TF1 Hub format from eager code: its signature's own names for the inputs."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="hub")


@pytest.fixture(scope="module")  # one model serves all cases of this file
def encoder(model):
    return hub.KerasLayer(model.handle, signature="tokens", signature_outputs_as_dict=True)


@pytest.fixture
def tokens(model):
    """The inputs under the names of a TF1 module."""
    return {
        "input_ids": tf.constant(model.inputs["input_word_ids"]),
        "input_mask": tf.constant(model.inputs["input_mask"]),
        "segment_ids": tf.constant(model.inputs["input_type_ids"]),
    }


@pytest.fixture
def encode(encoder, on_device):
    @on_device
    def encode(inputs):
        return encoder(inputs)

    return encode


def test_pooled_shape(model, encode, tokens):
    """pooled_output is one vector per text: [batch, width]."""
    assert encode(tokens)["pooled_output"].shape == (len(model.inputs["input_mask"]), model.width)


def test_sequence_shape(model, encode, tokens):
    """sequence_output is one vector per token: [batch, length, width]."""
    assert encode(tokens)["sequence_output"].shape == (*model.inputs["input_mask"].shape, model.width)


def test_pooled_values(model, encode, tokens, record_property):
    """pooled_output has the values that the publisher's TensorFlow gave, in another process."""
    difference = np.abs(encode(tokens)["pooled_output"].numpy() - model.outputs["pooled_output"]).max()
    record_property("drift", float(difference))
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_sequence_values(model, encode, tokens, record_property):
    """sequence_output has the values that the publisher's TensorFlow gave, in another process."""
    difference = np.abs(encode(tokens)["sequence_output"].numpy() - model.outputs["sequence_output"]).max()
    record_property("drift", float(difference))
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_signature_of_hub_load(model, loaded, tokens):
    """hub.load(...).signatures["tokens"] takes keyword arguments and gives a dict."""
    outputs = loaded.signatures["tokens"](**tokens)
    difference = np.abs(outputs["pooled_output"].numpy() - model.outputs["pooled_output"]).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_padding(model, encoder, tokens):
    """Padding changes nothing."""
    padded = encoder({name: value[1:] for name, value in tokens.items()})["pooled_output"].numpy()
    short = encoder({name: value[1:, :7] for name, value in tokens.items()})["pooled_output"].numpy()
    difference = np.abs(padded - short).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_longer_than_positions(encoder):
    """More tokens than positions (512 in the published ones) is an error, not a wrong result."""
    ids = tf.fill([1, 513], 7)
    with pytest.raises(tf.errors.InvalidArgumentError):
        encoder({"input_ids": ids, "input_mask": tf.ones_like(ids), "segment_ids": tf.zeros_like(ids)})


@pytest.mark.xfail(strict=False, reason="a TF1 module calls them input_ids, input_mask, segment_ids")
def test_tf2_names(model, encoder):
    """Wrong way: a TF1 module called with a TF2 model's input names."""
    encoder({name: tf.constant(value) for name, value in model.inputs.items()})


@pytest.mark.xfail(strict=False, reason="a signature with several inputs takes a dict")
def test_list(encoder, tokens):
    """Wrong way: a TF1 module called with a list of three."""
    encoder([tokens["input_ids"], tokens["input_mask"], tokens["segment_ids"]])


@pytest.mark.xfail(strict=False, reason="ids are int32: tf.cast(ids, tf.int32)")
def test_int64(encoder, tokens):
    """Wrong way: int64 ids."""
    encoder({name: tf.cast(value, tf.int64) for name, value in tokens.items()})


@pytest.mark.xfail(raises=TypeError, strict=False, reason='call its signature: .signatures["tokens"](...)')
def test_call_what_hub_load_gives(loaded, tokens):
    """Wrong way: calling what hub.load gave."""
    loaded(tokens)
