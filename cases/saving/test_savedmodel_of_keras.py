"""A Keras network as SavedModel: what tf.saved_model.load, load_model and TFSMLayer make of it. No Hub model in it."""

import tempfile
from functools import lru_cache

import numpy as np
import pytest
import tensorflow as tf

# Shown beside encoders: an environment for text models differs by tensorflow-text, which takes no part.
pytestmark = pytest.mark.models(interface=["dict", "list", "tf1_signature"])
needs_export = pytest.mark.skipif(not hasattr(tf.keras.Model, "export"), reason="this Keras has no model.export")

DATA = np.linspace(-1, 1, 20).reshape(2, 10).astype(np.float32)


def classifier():
    layers = [tf.keras.layers.Dense(8, activation="relu", input_shape=(10,)), tf.keras.layers.Dense(1)]
    return tf.keras.Sequential(layers)


@lru_cache(maxsize=None)
def written(save):
    """A network, and the folder that save(network, folder) wrote: once for all cases, for it takes most of their time."""
    network, folder = classifier(), tempfile.mkdtemp()
    save(network, folder)
    return network, folder


def export(network, folder):
    network.export(folder)


def test_call(predict):
    """tf.saved_model.save, tf.saved_model.load: what comes back can be called like the network."""
    network, folder = written(tf.saved_model.save)
    again = tf.saved_model.load(folder)
    np.testing.assert_allclose(again(DATA).numpy(), predict(network, DATA), rtol=1e-5)


def test_signature(predict):
    """tf.saved_model.save, tf.saved_model.load: the signature serving_default takes a keyword argument and gives a dict."""
    network, folder = written(tf.saved_model.save)
    loaded = tf.saved_model.load(folder)
    serve = loaded.signatures["serving_default"]
    (name,) = serve.structured_input_signature[1]
    (again,) = serve(**{name: tf.constant(DATA)}).values()
    np.testing.assert_allclose(again.numpy(), predict(network, DATA), rtol=1e-5)


@pytest.mark.xfail(raises=AttributeError, strict=False, reason="it is no Keras model: call it, or its signature")
def test_predict():
    """Wrong way: predict on what tf.saved_model.load gave."""
    _network, folder = written(tf.saved_model.save)
    tf.saved_model.load(folder).predict(DATA)


def test_load_model(predict, tmp_path):
    """tf.keras.models.load_model loads the SavedModel that model.save wrote."""
    network = classifier()
    network.save(str(tmp_path / "model"))
    again = tf.keras.models.load_model(str(tmp_path / "model"))
    np.testing.assert_allclose(again.predict_on_batch(DATA), predict(network, DATA), rtol=1e-5)


def test_load_model_of_a_plain_savedmodel(predict):
    """tf.keras.models.load_model loads the SavedModel that tf.saved_model.save wrote."""
    network, folder = written(tf.saved_model.save)
    again = tf.keras.models.load_model(folder)
    np.testing.assert_allclose(again.predict_on_batch(DATA), predict(network, DATA), rtol=1e-5)


def test_export(predict):
    """model.export writes a SavedModel for inference: its endpoint is called serve."""
    network, folder = written(export)
    loaded = tf.saved_model.load(folder)
    np.testing.assert_allclose(loaded.serve(DATA).numpy(), predict(network, DATA), rtol=1e-5)


def test_tfsm_layer(predict):
    """tf.keras.layers.TFSMLayer runs what model.export wrote, in a network of Keras 3."""
    network, folder = written(export)
    again = tf.keras.layers.TFSMLayer(folder, call_endpoint="serve")(DATA)
    np.testing.assert_allclose(np.array(again), predict(network, DATA), rtol=1e-5)


@needs_export
@pytest.mark.xfail(raises=AssertionError, strict=False, reason="the loaded object owns the variables: keep it")
def test_export_without_keeping_it():
    """Wrong way: tf.saved_model.load(folder).serve(data) in one go; the variables are deleted before the call."""
    _network, folder = written(export)
    tf.saved_model.load(folder).serve(DATA)


@needs_export
@pytest.mark.xfail(raises=TypeError, strict=False, reason="its endpoint is called serve: loaded.serve(data)")
def test_call_an_export():
    """Wrong way: calling what tf.saved_model.load made of a model.export."""
    _network, folder = written(export)
    tf.saved_model.load(folder)(DATA)
