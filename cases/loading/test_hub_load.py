"""hub.load: the model as a plain object, without Keras."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface=["dict", "list"])


def test_callable(loaded):
    """hub.load gives an object that can be called, with trainable variables."""
    assert callable(loaded)
    assert loaded.trainable_variables


def test_vocabulary(loaded):
    """The vocabulary's file, and whether text is made lower case, are attributes of the loaded object."""
    with tf.io.gfile.GFile(loaded.vocab_file.asset_path.numpy()) as vocabulary:
        assert "[CLS]" in vocabulary.read().split()
    assert loaded.do_lower_case.numpy()


def test_signature(model, loaded):
    """loaded.signatures["serving_default"] takes tensors by name and gives a dict."""
    outputs = loaded.signatures["serving_default"](**{name: tf.constant(rows) for name, rows in model.inputs.items()})
    assert any(value.shape == model.outputs["pooled_output"].shape for value in outputs.values())


@pytest.mark.xfail(
    raises=KeyError, strict=False, reason="its outputs are named after layers, differently per model: call the object instead"
)
def test_signature_output_names(model, loaded):
    """Wrong way: asking the signature's outputs for "pooled_output"."""
    outputs = loaded.signatures["serving_default"](**{name: tf.constant(rows) for name, rows in model.inputs.items()})
    outputs["pooled_output"]


@pytest.mark.xfail(
    raises=(RuntimeError, ValueError), strict=False, reason="only TF1 modules have it; leave tags away, or say tags={'serve'}"
)
def test_train_tag(model):
    """Wrong way: tags={"train"} with a TF2 SavedModel."""
    hub.load(model.handle, tags={"train"})


@pytest.mark.xfail(raises=(tf.errors.NotFoundError, RuntimeError, AttributeError), strict=False, reason="only for TF1: hub.load")
def test_hub_module(model):
    """Wrong way: hub.Module on a TF2 SavedModel."""
    hub.Module(model.handle)
