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


@pytest.mark.models(format="saved_model_2", interface="list")
@pytest.mark.task("encode", instead_of="cases/encoding/test_encode_list.py::test_pooled_values")
def test_keras_layer_in_a_session(model):
    """hub.KerasLayer in a Session gives the published values, by an encoder that takes a list."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        encoder = hub.KerasLayer(model.handle)
        pooled, _sequence = encoder([tf.constant(rows) for rows in model.inputs.values()])
        session.run(tf.compat.v1.global_variables_initializer())
        difference = np.abs(session.run(pooled) - model.outputs["pooled_output"]).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@pytest.mark.models(format="saved_model_2", interface="dict")
@pytest.mark.task("encode", instead_of="cases/encoding/test_encode_tf2.py::test_pooled_values")
def test_dict_in_a_session(model):
    """hub.KerasLayer in a Session gives the published values, by an encoder that takes a dict."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        outputs = hub.KerasLayer(model.handle)({name: tf.constant(rows) for name, rows in model.inputs.items()})
        session.run(tf.compat.v1.global_variables_initializer())
        difference = np.abs(session.run(outputs["pooled_output"]) - model.outputs["pooled_output"]).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@pytest.mark.models(format="hub")
@pytest.mark.needs("hub.Module")
@pytest.mark.task("encode", instead_of="cases/encoding/test_encode_tf1.py::test_pooled_values")
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


@pytest.mark.needs("eager execution")
@pytest.mark.declared(
    raises="ValueError",
    match="Your Layer or Model is in an invalid state",
    when="tensorflow>=2.3",  # before, it works
    instead="Keras exchanged the base class of all hub.KerasLayer: make any new one outside of the tf.Graph",
    proof="cases/encoding/test_encode_in_session.py::test_new_layer_after_one_in_a_graph",
)
def test_eager_layer_after_one_in_a_graph():
    """Wrong way: a hub.KerasLayer called eagerly after another one was made in a tf.Graph."""
    eager = hub.KerasLayer(lambda inputs: 2.0 * inputs)
    with tf.Graph().as_default():
        hub.KerasLayer(lambda inputs: inputs)
    eager(tf.constant([1.0]))


@pytest.mark.needs("eager execution")
def test_new_layer_after_one_in_a_graph():
    """Making a new hub.KerasLayer, outside of the tf.Graph, lets the older ones be called eagerly again."""
    eager = hub.KerasLayer(lambda inputs: 2.0 * inputs)
    with tf.Graph().as_default():
        hub.KerasLayer(lambda inputs: inputs)
    hub.KerasLayer(lambda inputs: inputs)
    assert eager(tf.constant([1.0])).numpy() == [2.0]
