"""A Keras network as SavedModel: what tf.saved_model.load, load_model and TFSMLayer make of it. No Hub model in it."""

import numpy as np
import pytest
import tensorflow as tf

needs_export = pytest.mark.skipif(not hasattr(tf.keras.Model, "export"), reason="this Keras has no model.export")

DATA = np.linspace(-1, 1, 20).reshape(2, 10).astype(np.float32)


def classifier():
    layers = [tf.keras.layers.Dense(8, activation="relu", input_shape=(10,)), tf.keras.layers.Dense(1)]
    return tf.keras.Sequential(layers)


def test_call(tmp_path):
    """tf.saved_model.save, tf.saved_model.load: what comes back can be called like the network."""
    network = classifier()
    tf.saved_model.save(network, str(tmp_path))
    again = tf.saved_model.load(str(tmp_path))
    np.testing.assert_allclose(again(DATA).numpy(), network.predict_on_batch(DATA), rtol=1e-5)


def test_signature(tmp_path):
    """tf.saved_model.save, tf.saved_model.load: the signature serving_default takes a keyword argument and gives a dict."""
    network = classifier()
    tf.saved_model.save(network, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    serve = loaded.signatures["serving_default"]
    (name,) = serve.structured_input_signature[1]
    (again,) = serve(**{name: tf.constant(DATA)}).values()
    np.testing.assert_allclose(again.numpy(), network.predict_on_batch(DATA), rtol=1e-5)


@pytest.mark.xfail(raises=AttributeError, strict=False, reason="it is no Keras model: call it, or its signature")
def test_predict(tmp_path):
    """Wrong way: predict on what tf.saved_model.load gave."""
    tf.saved_model.save(classifier(), str(tmp_path))
    tf.saved_model.load(str(tmp_path)).predict(DATA)


def test_load_model(tmp_path):
    """tf.keras.models.load_model loads the SavedModel that model.save wrote."""
    network = classifier()
    network.save(str(tmp_path / "model"))
    again = tf.keras.models.load_model(str(tmp_path / "model"))
    np.testing.assert_allclose(again.predict_on_batch(DATA), network.predict_on_batch(DATA), rtol=1e-5)


def test_load_model_of_a_plain_savedmodel(tmp_path):
    """tf.keras.models.load_model loads the SavedModel that tf.saved_model.save wrote."""
    network = classifier()
    tf.saved_model.save(network, str(tmp_path))
    again = tf.keras.models.load_model(str(tmp_path))
    np.testing.assert_allclose(again.predict_on_batch(DATA), network.predict_on_batch(DATA), rtol=1e-5)


def test_export(tmp_path):
    """model.export writes a SavedModel for inference: its endpoint is called serve."""
    network = classifier()
    network.export(str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    np.testing.assert_allclose(loaded.serve(DATA).numpy(), network.predict_on_batch(DATA), rtol=1e-5)


def test_tfsm_layer(tmp_path):
    """tf.keras.layers.TFSMLayer runs what model.export wrote, in a network of Keras 3."""
    network = classifier()
    network.export(str(tmp_path))
    again = tf.keras.layers.TFSMLayer(str(tmp_path), call_endpoint="serve")(DATA)
    np.testing.assert_allclose(np.array(again), network.predict_on_batch(DATA), rtol=1e-5)


@needs_export
@pytest.mark.xfail(raises=AssertionError, strict=False, reason="the loaded object owns the variables: keep it")
def test_export_without_keeping_it(tmp_path):
    """Wrong way: tf.saved_model.load(folder).serve(data) in one go; the variables are deleted before the call."""
    network = classifier()
    network.export(str(tmp_path))
    tf.saved_model.load(str(tmp_path)).serve(DATA)


@needs_export
@pytest.mark.xfail(raises=TypeError, strict=False, reason="its endpoint is called serve: loaded.serve(data)")
def test_call_an_export(tmp_path):
    """Wrong way: calling what tf.saved_model.load made of a model.export."""
    classifier().export(str(tmp_path))
    tf.saved_model.load(str(tmp_path))(DATA)
