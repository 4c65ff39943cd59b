"""Encoding in graph mode, as TF1 programs do: build a tf.Graph, run it in a Session."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub


@pytest.fixture(autouse=True)
def eager_again():
    """Making any hub.KerasLayer mends what making one in a tf.Graph does to those made before it; see the last case."""
    yield
    hub.KerasLayer(lambda inputs: inputs)


@pytest.mark.models(format="saved_model_2", interface="list")  # they load fast
def test_keras_layer_in_a_session(model):
    """hub.KerasLayer in a Session gives the published values."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        encoder = hub.KerasLayer(model.handle)
        pooled, _sequence = encoder([tf.constant(rows) for rows in model.inputs.values()])
        session.run(tf.compat.v1.global_variables_initializer())
        difference = np.abs(session.run(pooled) - model.outputs["pooled_output"]).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@pytest.mark.models(format="hub")
def test_hub_module_in_a_session(model):
    """hub.Module in a Session gives the published values."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        module = hub.Module(model.handle)
        outputs = module(
            {
                "input_ids": model.inputs["input_word_ids"],
                "input_mask": model.inputs["input_mask"],
                "segment_ids": model.inputs["input_type_ids"],
            },
            signature="tokens",
            as_dict=True,
        )
        session.run(tf.compat.v1.global_variables_initializer())
        pooled = session.run(outputs["pooled_output"])
    difference = np.abs(pooled - model.outputs["pooled_output"]).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@pytest.mark.skipif(not tf.executing_eagerly(), reason="nothing is eager here")
@pytest.mark.xfail(
    not tf.__version__.startswith("2.0."),  # where it works
    raises=ValueError,
    strict=False,
    reason="Keras exchanges the base class of all hub.KerasLayer: make a new one",
)
def test_eager_layer_after_one_in_a_graph():
    """Wrong way: a hub.KerasLayer called eagerly after another one was made in a tf.Graph."""
    eager = hub.KerasLayer(lambda inputs: 2.0 * inputs)
    with tf.Graph().as_default():
        hub.KerasLayer(lambda inputs: inputs)
    eager(tf.constant([1.0]))
