"""Graph mode, as TF1 programs work: a tf.Graph and a Session. hub.Module is in tensorflow-hub up to 0.15."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

TF1_MODULES = pytest.mark.models(format="hub")
HUB_MODULE = pytest.mark.needs("hub.Module")


@TF1_MODULES
@HUB_MODULE
@pytest.mark.task("load", instead_of="cases/loading/test_load_tf1.py::test_hub_load")
def test_hub_module(model):
    """hub.Module works inside a tf.Graph."""
    with tf.Graph().as_default():
        module = hub.Module(model.handle)
        assert "tokens" in module.get_signature_names()


@TF1_MODULES
@HUB_MODULE
def test_hub_module_names(model):
    """hub.Module tells the names of a signature's inputs and outputs."""
    with tf.Graph().as_default():
        module = hub.Module(model.handle)
        assert set(module.get_input_info_dict("tokens")) == {"input_ids", "input_mask", "segment_ids"}
        assert {"pooled_output", "sequence_output"} <= set(module.get_output_info_dict("tokens"))


@TF1_MODULES
@HUB_MODULE
def test_tokenization_info(model):
    """hub.Module, signature "tokenization_info": the vocabulary's file, and whether text is made lower case."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        info = hub.Module(model.handle)(signature="tokenization_info", as_dict=True)
        vocab_file, do_lower_case = session.run([info["vocab_file"], info["do_lower_case"]])
    with tf.io.gfile.GFile(vocab_file, "rb") as vocabulary:
        assert b"[CLS]" in vocabulary.read()
    assert do_lower_case


@TF1_MODULES
@pytest.mark.needs("hub.Module", "eager execution")
@pytest.mark.declared(
    raises="RuntimeError",
    match="Exporting/importing meta graphs is not supported when eager execution is enabled",
    instead="hub.load(handle).signatures['tokens'] in eager code; hub.Module itself needs a tf.Graph",
    proof="cases/loading/test_load_tf1.py::test_signature",
)
def test_hub_module_as_it_stands(model):
    """Wrong way in TF2: TF1 code as it stands, hub.Module without a tf.Graph."""
    hub.Module(model.handle)


@pytest.mark.lacks("hub.Module")
@pytest.mark.declared(
    raises="AttributeError",
    match="module 'tensorflow_hub' has no attribute 'Module'",
    when="hub>=0.16",
    instead="hub.load(handle).signatures['tokens'], in a tf.Graph and a Session as well",
    proof="cases/loading/test_load_tf1.py::test_signature",
)
def test_no_hub_module():
    """Wrong way from tensorflow-hub 0.16 on: hub.Module."""
    with tf.Graph().as_default():
        hub.Module("https://tfhub.dev/google/bert_uncased_L-12_H-768_A-12/1")


@pytest.mark.models(format="saved_model_2", interface="list")
def test_hub_load(model):
    """hub.load inside a tf.Graph: global_variables_initializer reads the published weights."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        pooled, _sequence = hub.load(model.handle)([tf.constant(rows) for rows in model.inputs.values()])
        session.run(tf.compat.v1.global_variables_initializer())
        difference = np.abs(session.run(pooled) - model.outputs["pooled_output"]).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@TF1_MODULES
@HUB_MODULE
@pytest.mark.declared(
    raises="FailedPreconditionError",
    match="uninitialized",
    instead="first session.run(tf.compat.v1.global_variables_initializer())",
    proof="cases/encoding/test_encode_in_session.py::test_hub_module_in_a_session",
)
def test_uninitialized(model):
    """Wrong way: running the Session without the initializer."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        session.run(hub.Module(model.handle).variable_map)
