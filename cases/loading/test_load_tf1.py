"""Loading a module in TF1 Hub format: signatures, no call; graphs told apart by tags."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="hub")


def tokens(model):
    """The inputs under the names of a TF1 module."""
    return {
        "input_ids": tf.constant(model.inputs["input_word_ids"]),
        "input_mask": tf.constant(model.inputs["input_mask"]),
        "segment_ids": tf.constant(model.inputs["input_type_ids"]),
    }


def test_hub_load(loaded):
    """hub.load gives an object with the module's signatures."""
    assert {"tokens", "tokenization_info"} <= set(loaded.signatures)
    assert loaded.variables


@pytest.mark.xfail(
    raises=TypeError, strict=False, reason="a TF1 module has signatures only: hub.load(handle).signatures['tokens'](...)"
)
def test_call(model, loaded):
    """Wrong way: calling what hub.load gives."""
    loaded(tokens(model))


def test_signature(model, loaded):
    """hub.load(handle).signatures["tokens"] takes its tensors by name and gives a dict."""
    outputs = loaded.signatures["tokens"](**tokens(model))
    assert outputs["pooled_output"].shape == model.outputs["pooled_output"].shape


def test_vocabulary(model):
    """The vocabulary is the file assets/vocab.txt below hub.resolve(handle)."""
    assert "[CLS]" in Path(hub.resolve(model.handle), "assets", "vocab.txt").read_text().split()


@pytest.mark.xfail(
    raises=(tf.errors.NotFoundError, AttributeError),
    strict=False,
    reason="TF2 loses the path and says 'SAVEDMODEL-ASSET': look below hub.resolve(handle), or ask hub.Module in a tf.Graph",
)
def test_tokenization_info(loaded):
    """Wrong way: asking hub.load's signature "tokenization_info" for the vocabulary's file."""
    info = loaded.signatures["tokenization_info"]()
    with tf.io.gfile.GFile(info["vocab_file"].numpy()) as vocabulary:
        vocabulary.read()


def test_train_tag(model):
    """tags={"train"} gives the module's other graph, the one with dropout: no two calls agree."""
    encode = hub.load(model.handle, tags={"train"}).signatures["tokens"]
    one, other = encode(**tokens(model)), encode(**tokens(model))
    assert not np.array_equal(one["pooled_output"].numpy(), other["pooled_output"].numpy())


def test_saved_model_load(model):
    """tf.saved_model.load(hub.resolve(handle), tags=[]) does the same as hub.load(handle)."""
    assert "tokens" in tf.saved_model.load(hub.resolve(model.handle), tags=[]).signatures


@pytest.mark.xfail(
    raises=(RuntimeError, ValueError, TypeError), strict=False, reason="a TF1 module has several graphs: tags=[], or tags={'train'}"
)
def test_saved_model_load_without_tags(model):
    """Wrong way: tf.saved_model.load(hub.resolve(handle)) without tags."""
    tf.saved_model.load(hub.resolve(model.handle))


@pytest.mark.xfail(raises=(RuntimeError, ValueError), strict=False, reason="the tags of TF1 modules are none and 'train'")
def test_serve_tag(model):
    """Wrong way: tags={"serve"}, which only TF2 SavedModels have."""
    hub.load(model.handle, tags={"serve"})


def test_keras_layer_with_signature(model):
    """hub.KerasLayer needs the signature's name, and is told to give all outputs."""
    encoder = hub.KerasLayer(model.handle, signature="tokens", signature_outputs_as_dict=True)
    assert not encoder.trainable_weights
    assert set(encoder(tokens(model))) >= {"pooled_output", "sequence_output"}


def test_output_key(model):
    """hub.KerasLayer(handle, signature="tokens", output_key="pooled_output") gives one output."""
    encoder = hub.KerasLayer(model.handle, signature="tokens", output_key="pooled_output")
    assert encoder(tokens(model)).shape == model.outputs["pooled_output"].shape


def test_from_config(model):
    """hub.KerasLayer.from_config(encoder.get_config()) keeps handle, signature and output_key."""
    encoder = hub.KerasLayer(model.handle, signature="tokens", output_key="pooled_output")
    again = hub.KerasLayer.from_config(encoder.get_config())
    assert again(tokens(model)).shape == model.outputs["pooled_output"].shape


@pytest.mark.xfail(
    raises=KeyError,
    strict=False,
    reason="a config leaves tags out: from_config and load_model bring back the graph without dropout",
)
def test_config_of_tags(model):
    """Wrong way: relying on get_config of a layer with tags={"train"}."""
    encoder = hub.KerasLayer(model.handle, tags={"train"}, signature="tokens", output_key="pooled_output")
    encoder.get_config()["tags"]


@pytest.mark.xfail(raises=ValueError, strict=False, reason="this module has no signature 'default': name one")
def test_keras_layer_without_signature(model):
    """Wrong way: hub.KerasLayer without a signature."""
    hub.KerasLayer(model.handle)
