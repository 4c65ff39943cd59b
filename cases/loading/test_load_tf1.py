"""Loading a module in TF1 Hub format: signatures, no call; graphs told apart by tags."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="hub")
EAGER = pytest.mark.needs("eager execution")


def tokens(model):
    """The inputs under the names of a TF1 module."""
    return {
        "input_ids": tf.constant(model.inputs["input_word_ids"]),
        "input_mask": tf.constant(model.inputs["input_mask"]),
        "segment_ids": tf.constant(model.inputs["input_type_ids"]),
    }


@pytest.mark.task("load")
def test_hub_load(model, loaded):
    """hub.load gives an object with the module's signatures, and the published weights in its variables."""
    assert {"tokens", "tokenization_info"} <= set(loaded.signatures)
    assert loaded.variables
    if tf.executing_eagerly():  # in a graph it takes a session, see cases/encoding/test_encode_in_session.py
        pooled = loaded.signatures["tokens"](**tokens(model))["pooled_output"]
        assert pooled.numpy() == pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)


@pytest.mark.declared(
    raises="TypeError",
    match="'AutoTrackable' object is not callable",
    instead="a TF1 module has signatures only: hub.load(handle).signatures['tokens'](...)",
    proof="cases/loading/test_load_tf1.py::test_signature",
)
def test_call(model, loaded):
    """Wrong way: calling what hub.load gives."""
    loaded(tokens(model))


@EAGER
def test_signature(model, loaded):
    """hub.load(handle).signatures["tokens"] takes its tensors by name and gives a dict with the right values."""
    outputs = loaded.signatures["tokens"](**tokens(model))
    for name in ("pooled_output", "sequence_output"):
        assert outputs[name].numpy() == pytest.approx(model.outputs[name], abs=model.tolerance)


def test_vocabulary(model):
    """The vocabulary is the one file in the folder assets below hub.resolve(handle): vocab.txt, a SentencePiece model in ALBERT."""
    (vocabulary,) = Path(hub.resolve(model.handle), "assets").iterdir()
    assert b"[CLS]" in vocabulary.read_bytes()


@EAGER
@pytest.mark.declared(
    raises="NotFoundError",
    match="SAVEDMODEL-ASSET",
    instead="TF2 loses the path and says 'SAVEDMODEL-ASSET': the file is in the folder assets below hub.resolve(handle)",
    proof="cases/loading/test_load_tf1.py::test_vocabulary",
)
def test_tokenization_info(loaded):
    """Wrong way: asking hub.load's signature "tokenization_info" for the vocabulary's file."""
    info = loaded.signatures["tokenization_info"]()
    with tf.io.gfile.GFile(info["vocab_file"].numpy()) as vocabulary:
        vocabulary.read()


@EAGER
def test_train_tag(model):
    """tags={"train"} gives the module's other graph, for training; where it was made with dropout, no two calls agree."""
    loaded = hub.load(model.handle, tags={"train"})
    encode = loaded.signatures["tokens"]
    first, second = (encode(**tokens(model))["pooled_output"].numpy() for _ in range(2))
    if has_dropout(encode.graph):
        assert not np.array_equal(first, second)
    else:  # ALBERT was published without
        assert first == pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)


def has_dropout(graph):
    """Whether some op of the graph draws random numbers."""
    return any(op.type.startswith("Random") for op in graph.get_operations())


@EAGER
def test_saved_model_load(model):
    """tf.saved_model.load(hub.resolve(handle), tags=[]) does the same as hub.load(handle)."""
    loaded = tf.saved_model.load(hub.resolve(model.handle), tags=[])
    pooled = loaded.signatures["tokens"](**tokens(model))["pooled_output"]
    assert pooled.numpy() == pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)


@EAGER
@pytest.mark.declared(
    raises="ValueError",
    match="requires a .tags=. argument if there is more than one MetaGraph",
    instead="a TF1 module has several graphs: tags=[], or tags={'train'}",
    proof="cases/loading/test_load_tf1.py::test_saved_model_load",
)
def test_saved_model_load_without_tags(model):
    """Wrong way: tf.saved_model.load(hub.resolve(handle)) without tags."""
    tf.saved_model.load(hub.resolve(model.handle))


@pytest.mark.declared(
    raises="RuntimeError",
    match="MetaGraphDef associated with tags {'serve'} could not be found",
    instead="the tags of TF1 modules are none and 'train': leave tags away",
    proof="cases/loading/test_load_tf1.py::test_hub_load",
)
def test_serve_tag(model):
    """Wrong way: tags={"serve"}, which only TF2 SavedModels have."""
    hub.load(model.handle, tags={"serve"})


@EAGER
def test_keras_layer_with_signature(model):
    """hub.KerasLayer needs the signature's name, and is told to give all outputs: the right values; the weights stay frozen."""
    encoder = hub.KerasLayer(model.handle, signature="tokens", signature_outputs_as_dict=True)
    assert not encoder.trainable_weights
    outputs = encoder(tokens(model))
    for name in ("pooled_output", "sequence_output"):
        assert outputs[name].numpy() == pytest.approx(model.outputs[name], abs=model.tolerance)


@EAGER
def test_output_key(model):
    """hub.KerasLayer(handle, signature="tokens", output_key="pooled_output") gives one output."""
    encoder = hub.KerasLayer(model.handle, signature="tokens", output_key="pooled_output")
    assert encoder(tokens(model)).numpy() == pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)


@EAGER
def test_from_config(model):
    """hub.KerasLayer.from_config(encoder.get_config()) keeps handle, signature and output_key."""
    encoder = hub.KerasLayer(model.handle, signature="tokens", output_key="pooled_output")
    again = hub.KerasLayer.from_config(encoder.get_config())
    assert again(tokens(model)).numpy() == pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)


@pytest.mark.declared(
    raises="KeyError",
    match="'tags'",
    instead="a config leaves tags out, so from_config and load_model bring back the other graph: load it with tags again",
    proof="cases/loading/test_load_tf1.py::test_train_tag",
)
def test_config_of_tags(model):
    """Wrong way: relying on get_config of a layer with tags={"train"}."""
    encoder = hub.KerasLayer(model.handle, tags={"train"}, signature="tokens", output_key="pooled_output")
    encoder.get_config()["tags"]


@pytest.mark.declared(
    raises="ValueError",
    match="Unknown signature default in",
    instead="this module has no signature 'default': signature='tokens', signature_outputs_as_dict=True",
    proof="cases/loading/test_load_tf1.py::test_keras_layer_with_signature",
)
def test_keras_layer_without_signature(model):
    """Wrong way: hub.KerasLayer without a signature."""
    hub.KerasLayer(model.handle)
