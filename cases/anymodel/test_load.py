"""Loading any SavedModel or TF1 Hub module, and using what was loaded, in each of the ways that TensorFlow has."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format=["saved_model_2", "hub"])


def test_hub_load(model):
    """hub.load gives an object with signatures."""
    loaded = hub.load(model.handle)
    assert hasattr(loaded, "signatures")


def test_saved_model_load(model, eager):
    """tf.saved_model.load gives an object with signatures."""
    loaded = tf.saved_model.load(hub.resolve(model.handle))
    assert hasattr(loaded, "signatures")


def test_keras_layer(model, checked, eager):
    """hub.KerasLayer calls the object itself."""
    (inputs, *_), _ = checked.arguments()
    outputs = hub.KerasLayer(model.handle)(inputs)
    assert tf.nest.flatten(outputs)


def test_keras_layer_signature(model, signature, eager):
    """hub.KerasLayer with the name of a signature calls that."""
    layer = hub.KerasLayer(model.handle, signature=signature.name, signature_outputs_as_dict=True)
    outputs = layer(signature.inputs())
    assert set(outputs) == set(signature.outputs)


def test_tfsm_layer(model, signature, eager):
    """Keras 3: TFSMLayer with the name of a signature calls that."""
    if not hasattr(tf.keras.layers, "TFSMLayer"):
        pytest.skip("only Keras 3 has TFSMLayer")
    layer = tf.keras.layers.TFSMLayer(hub.resolve(model.handle), call_endpoint=signature.name)
    inputs = signature.inputs()
    outputs = layer(inputs if len(inputs) != 1 else next(iter(inputs.values())))
    assert set(outputs) == set(signature.outputs)


def test_in_a_session(model, checked, signature):
    """TF1 code: the loader in a Session of tf.compat.v1; the signature gives values."""
    arrays = signature.arrays
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        graph = tf.compat.v1.saved_model.load(session, checked.tags, hub.resolve(model.handle))
        found = graph.signature_def[signature.name]
        feed = {found.inputs[name].name: value for name, value in arrays.items()}
        outputs = session.run({name: info.name for name, info in found.outputs.items()}, feed)
    assert all(np.size(value) for value in outputs.values())
