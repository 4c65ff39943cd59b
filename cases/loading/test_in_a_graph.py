"""Graph mode, as TF1 programs work: a tf.Graph and a Session."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub


@pytest.mark.models(format="hub")
def test_hub_module(model):
    """hub.Module works inside a tf.Graph."""
    with tf.Graph().as_default():
        module = hub.Module(model.handle)
        assert "tokens" in module.get_signature_names()


@pytest.mark.models(format="hub")
def test_hub_module_names(model):
    """hub.Module tells the names of a signature's inputs and outputs."""
    with tf.Graph().as_default():
        module = hub.Module(model.handle)
        assert set(module.get_input_info_dict("tokens")) == {"input_ids", "input_mask", "segment_ids"}
        assert {"pooled_output", "sequence_output"} <= set(module.get_output_info_dict("tokens"))


@pytest.mark.models(format="hub")
def test_tokenization_info(model):
    """hub.Module, signature "tokenization_info": the vocabulary's file, and whether text is made lower case."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        info = hub.Module(model.handle)(signature="tokenization_info", as_dict=True)
        vocab_file, do_lower_case = session.run([info["vocab_file"], info["do_lower_case"]])
    with tf.io.gfile.GFile(vocab_file) as vocabulary:
        assert "[CLS]" in vocabulary.read().split()
    assert do_lower_case


@pytest.mark.models(format="hub")
@pytest.mark.xfail(
    tf.executing_eagerly(),
    raises=(RuntimeError, AttributeError),
    strict=False,
    reason="hub.Module needs a tf.Graph; hub 0.16 has none",
)
def test_hub_module_as_it_stands(model):
    """Wrong way in TF2: TF1 code as it stands, hub.Module without a tf.Graph."""
    hub.Module(model.handle)


@pytest.mark.models(format="saved_model_2", interface="list")
def test_hub_load(model):
    """hub.load inside a tf.Graph: global_variables_initializer reads the published weights."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        pooled, _sequence = hub.load(model.handle)([tf.constant(rows) for rows in model.inputs.values()])
        session.run(tf.compat.v1.global_variables_initializer())
        difference = np.abs(session.run(pooled) - model.outputs["pooled_output"]).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@pytest.mark.models(format="hub")
@pytest.mark.xfail(
    raises=(tf.errors.FailedPreconditionError, AttributeError),
    strict=False,
    reason="first session.run(tf.compat.v1.global_variables_initializer()); hub 0.16 has no hub.Module",
)
def test_uninitialized(model):
    """Wrong way: running the Session without the initializer."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        session.run(hub.Module(model.handle).variable_map)
