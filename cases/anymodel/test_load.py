"""Loading any SavedModel or TF1 Hub module, and using what was loaded, in each of the ways that TensorFlow has."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format=["saved_model_2", "hub"])


def test_hub_load(model, checked):
    """hub.load gives an object with every signature that is in the file."""
    loaded = hub.load(model.handle)
    assert set(checked.signatures) == set(loaded.signatures)


@pytest.mark.needs("eager execution")
def test_saved_model_load(model, checked):
    """tf.saved_model.load gives an object with every signature that is in the file."""
    loaded = tf.saved_model.load(hub.resolve(model.handle))
    assert set(checked.signatures) == set(loaded.signatures)


@pytest.mark.needs("eager execution")
def test_keras_layer(model, checked):
    """hub.KerasLayer calls the object itself."""
    (inputs, *_), _ = checked.arguments()
    outputs = hub.KerasLayer(model.handle)(inputs)
    assert tf.nest.flatten(outputs)


@pytest.mark.needs("eager execution")
def test_keras_layer_signature(model, signature):
    """hub.KerasLayer with the name of a signature calls that."""
    inputs = signature.inputs()
    layer = hub.KerasLayer(model.handle, signature=signature.name, signature_outputs_as_dict=True)
    assert set(layer(inputs)) == set(signature.outputs)


@pytest.mark.needs("eager execution", "tf.keras.layers.TFSMLayer")
def test_tfsm_layer(model, signature):
    """Keras 3: TFSMLayer with the name of a signature calls that."""
    inputs = signature.inputs()
    layer = tf.keras.layers.TFSMLayer(hub.resolve(model.handle), call_endpoint=signature.name)
    outputs = layer(inputs if len(inputs) != 1 else next(iter(inputs.values())))
    assert set(outputs) == set(signature.outputs)


def names_in_graph(described):
    """The tensor of each name: of a sparse placeholder, those of its parts, by the names that TensorFlow 2 gives them."""
    names = {}
    for name, info in described.items():
        names[name] = info.name
        parts = info.coo_sparse
        for part in ("indices", "values", "dense_shape"):
            names[f"{name}_{part}"] = getattr(parts, part + "_tensor_name")
    return {name: tensor for name, tensor in names.items() if tensor}


def test_in_a_session(model, checked, signature):
    """TF1 code: the loader in a Session of tf.compat.v1; the signature gives values."""
    arrays = signature.arrays
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        graph = tf.compat.v1.saved_model.load(session, checked.tags, hub.resolve(model.handle))
        described = graph.signature_def[signature.name]
        names = names_in_graph(described.inputs)
        outputs = session.run(names_in_graph(described.outputs), {names[name]: value for name, value in arrays.items()})
    assert outputs
    assert all(np.size(value) for value in outputs.values())
