"""hub.load: the model as a plain object, without Keras."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface=["dict", "list"])
EAGER = pytest.mark.needs("eager execution")


@pytest.mark.task("load")
def test_callable(model, loaded):
    """hub.load gives an object that can be called, with trainable variables, and the published weights in them."""
    assert callable(loaded)
    assert loaded.trainable_variables
    if tf.executing_eagerly():  # in a graph it takes a session, see cases/encoding/test_encode_in_session.py
        inputs = {name: tf.constant(rows) for name, rows in model.inputs.items()}
        outputs = loaded(list(inputs.values()) if model.interface == "list" else inputs)
        right = pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)
        assert any(output.numpy() == right for output in tf.nest.flatten(outputs))


@EAGER
def test_vocabulary(loaded):
    """The vocabulary's file is an attribute: vocab_file, with do_lower_case beside it; in ALBERT sp_model_file, alone."""
    wordpieces = hasattr(loaded, "vocab_file")
    file = loaded.vocab_file if wordpieces else loaded.sp_model_file
    with tf.io.gfile.GFile(file.asset_path.numpy(), "rb") as vocabulary:
        assert b"[CLS]" in vocabulary.read()
    assert not wordpieces or loaded.do_lower_case.numpy()


@EAGER
def test_signature(model, loaded):
    """loaded.signatures["serving_default"] takes tensors by name and gives a dict, the right pooled_output among its values."""
    outputs = loaded.signatures["serving_default"](**{name: tf.constant(rows) for name, rows in model.inputs.items()})
    right = pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)
    assert any(value.numpy() == right for value in outputs.values())


@pytest.mark.declared(
    raises="KeyError",
    match="'pooled_output'",
    when="interface=dict",
    instead="its outputs are named after layers, differently in each model: call the object, which gives pooled_output",
    proof="cases/encoding/test_encode_tf2.py::test_pooled_values",
)
@pytest.mark.declared(
    raises="KeyError",
    match="'pooled_output'",
    when="interface=list",
    instead="its outputs are named after layers, differently in each model: pooled, sequence = loaded(inputs)",
    proof="cases/encoding/test_encode_list.py::test_pooled_values",
)
def test_signature_output_names(model, loaded):
    """Wrong way: asking the signature's outputs for "pooled_output"."""
    outputs = loaded.signatures["serving_default"](**{name: tf.constant(rows) for name, rows in model.inputs.items()})
    outputs["pooled_output"]


@pytest.mark.declared(
    raises="ValueError",
    match=r"incompatible argument (to `tags`|tags=)",
    instead="leave tags away: only TF1 modules have a graph for training of its own",
    proof="cases/loading/test_hub_load.py::test_callable",
)
def test_train_tag(model):
    """Wrong way: tags={"train"} with a TF2 SavedModel."""
    hub.load(model.handle, tags={"train"})


@pytest.mark.needs("hub.Module")
@pytest.mark.declared(
    raises="NotFoundError",
    match=r"tfhub_module\.pb",
    instead="hub.Module is for modules in TF1 Hub format: hub.load(handle)",
    proof="cases/loading/test_hub_load.py::test_callable",
)
def test_hub_module(model):
    """Wrong way: hub.Module on a TF2 SavedModel."""
    hub.Module(model.handle)
