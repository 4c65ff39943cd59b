"""From raw strings to vectors: a preprocessing model in front of the encoder that it was made for."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="text")
WRONG = (ValueError, TypeError, KeyError, tf.errors.InvalidArgumentError)


@pytest.fixture(scope="session")
def encode(model):
    """The encoder that takes what the preprocessing model gives."""
    if model.encoder is None:
        pytest.skip("its manifest names no encoder")
    return hub.KerasLayer(model.encoder.handle, name="encoder")


def test_preprocess_then_encode(model, encode, preprocess):
    """What the preprocessing model gives is what the encoder takes."""
    outputs = encode(preprocess(tf.constant(model.inputs["sentences"])))
    assert outputs["pooled_output"].shape == (len(model.inputs["sentences"]), model.encoder.width)
    assert np.isfinite(outputs["sequence_output"].numpy()).all()


def test_functional_model_on_strings(model, encode, layer):
    """A functional model takes strings: Input(shape=(), dtype=tf.string)."""
    text = tf.keras.layers.Input(shape=(), dtype=tf.string, name="text")
    network = tf.keras.Model(text, tf.keras.layers.Dense(1)(encode(layer(text))["pooled_output"]))
    assert network(tf.constant(model.inputs["sentences"])).shape == (len(model.inputs["sentences"]), 1)


@pytest.mark.xfail(raises=WRONG, strict=False, reason="an encoder takes ids: put the preprocessing model in front of it")
def test_encode_strings(encode):
    """Wrong way: raw strings given to the encoder."""
    encode(tf.constant(["a film"]))


@pytest.mark.xfail(raises=WRONG, strict=False, reason="an encoder takes ids: put the preprocessing model in front of it")
def test_encode_dict_of_text(encode):
    """Wrong way: dict(text=...) given to the encoder."""
    encode({"text": tf.constant(["a film"])})
