"""Loading a module in TF1 Hub format."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="hub")


def test_hub_load(model):
    """hub.load gives an object with the module's signatures."""
    module = hub.load(model.handle)
    assert {"tokens", "tokenization_info"} <= set(module.signatures)


def test_keras_layer_with_signature(model):
    """hub.KerasLayer needs the signature's name, and is told to give all outputs."""
    encoder = hub.KerasLayer(model.handle, signature="tokens", signature_outputs_as_dict=True)
    assert not encoder.trainable_weights


def test_hub_module_in_a_graph(model):
    """hub.Module works inside a tf.Graph."""
    with tf.Graph().as_default():
        module = hub.Module(model.handle)
        assert "tokens" in module.get_signature_names()


@pytest.mark.xfail(raises=ValueError, strict=False, reason="this module has no signature 'default': name one")
def test_keras_layer_without_signature(model):
    """Wrong way: hub.KerasLayer without a signature."""
    hub.KerasLayer(model.handle)


@pytest.mark.xfail(raises=ValueError, strict=False, reason="weights of the TF1 Hub format can't be trained through KerasLayer")
def test_keras_layer_trainable(model):
    """Wrong way: fine-tuning a TF1 module through hub.KerasLayer(trainable=True)."""
    encoder = hub.KerasLayer(model.handle, signature="tokens", signature_outputs_as_dict=True, trainable=True)
    ids, mask, segments = (tf.constant(model.inputs[name]) for name in ("input_word_ids", "input_mask", "input_type_ids"))
    encoder({"input_ids": ids, "input_mask": mask, "segment_ids": segments})


@pytest.mark.xfail(raises=(RuntimeError, AttributeError), strict=False, reason="hub.Module needs a tf.Graph; hub 0.16 has none")
def test_hub_module_eagerly(model):
    """Wrong way: TF1 code as it stands, hub.Module outside any graph."""
    hub.Module(model.handle)
