"""A Keras network as SavedModel: what tf.saved_model.load, load_model and TFSMLayer make of it. No Hub model in it."""

import tempfile
from functools import lru_cache

import numpy as np
import pytest
import tensorflow as tf

# Shown beside encoders: an environment for text models differs by tensorflow-text, which takes no part.
pytestmark = pytest.mark.models(interface=["dict", "list", "tf1_signature"])
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


@pytest.mark.needs("eager execution")  # TensorFlow 1 has another function under the name tf.saved_model.load
@pytest.mark.declared(
    raises="TypeError",
    match="this __dict__ descriptor does not support '_DictWrapper' objects",
    when="tensorflow>=2.16 and keras=default and python>=3.12 and package(wrapt)<2.2",
    instead="Python 3.12 and an older wrapt don't go together: pip install -U wrapt, or use model.export, or Python 3.11",
    proof="cases/saving/test_savedmodel_of_keras.py::test_export",
)
@pytest.mark.declared(
    raises="TypeError",
    match="'_UserObject' object is not callable",
    when="tensorflow>=2.16 and keras=default",
    instead='a network of Keras 3 comes back without __call__: loaded.signatures["serving_default"], or write it with model.export',
    proof="cases/saving/test_savedmodel_of_keras.py::test_export",
)
def test_call(predict):
    """tf.saved_model.save, tf.saved_model.load: what comes back can be called like the network."""
    network, folder = written(tf.saved_model.save)
    again = tf.saved_model.load(folder)
    np.testing.assert_allclose(again(DATA).numpy(), predict(network, DATA), rtol=1e-5)


@pytest.mark.needs("eager execution")  # TensorFlow 1 has another function under the name tf.saved_model.load
@pytest.mark.declared(
    raises="TypeError",
    match="this __dict__ descriptor does not support '_DictWrapper' objects",
    when="tensorflow>=2.16 and keras=default and python>=3.12 and package(wrapt)<2.2",
    instead="Python 3.12 and an older wrapt don't go together: pip install -U wrapt, or use model.export, or Python 3.11",
    proof="cases/saving/test_savedmodel_of_keras.py::test_export",
)
def test_signature(predict):
    """tf.saved_model.save, tf.saved_model.load: the signature serving_default takes a keyword argument and gives a dict."""
    network, folder = written(tf.saved_model.save)
    loaded = tf.saved_model.load(folder)
    serve = loaded.signatures["serving_default"]
    (name,) = serve.structured_input_signature[1]
    (again,) = serve(**{name: tf.constant(DATA)}).values()
    np.testing.assert_allclose(again.numpy(), predict(network, DATA), rtol=1e-5)


@pytest.mark.needs("eager execution")  # TensorFlow 1 has another function under the name tf.saved_model.load
@pytest.mark.declared(
    raises="TypeError",
    match="this __dict__ descriptor does not support '_DictWrapper' objects",
    when="tensorflow>=2.16 and keras=default and python>=3.12 and package(wrapt)<2.2",
    instead="Python 3.12 and an older wrapt don't go together: pip install -U wrapt, or use model.export, or Python 3.11",
    proof="cases/saving/test_savedmodel_of_keras.py::test_export",
)
@pytest.mark.declared(
    raises="AttributeError",
    match="'_UserObject' object has no attribute 'predict'",
    instead='what comes back is no Keras model: loaded.signatures["serving_default"](**inputs), on a batch at a time',
    proof="cases/saving/test_savedmodel_of_keras.py::test_signature",
)
def test_predict():
    """Wrong way: predict on what tf.saved_model.load gave."""
    _network, folder = written(tf.saved_model.save)
    tf.saved_model.load(folder).predict(DATA)


@pytest.mark.declared(
    raises="ValueError",
    match="Invalid filepath extension for saving",
    when="tensorflow>=2.16 and keras=default",
    instead="Keras 3 neither writes nor loads such a SavedModel: model.export and tf.saved_model.load, or .keras and load_model",
    proof="cases/saving/test_savedmodel_of_keras.py::test_export",
)
def test_load_model(predict, tmp_path):
    """tf.keras.models.load_model loads the SavedModel that model.save wrote."""
    network = classifier()
    network.save(str(tmp_path / "model"))
    again = tf.keras.models.load_model(str(tmp_path / "model"))
    np.testing.assert_allclose(again.predict_on_batch(DATA), predict(network, DATA), rtol=1e-5)


@pytest.mark.declared(
    raises="TypeError",
    match="this __dict__ descriptor does not support '_DictWrapper' objects",
    when="tensorflow>=2.16 and keras=default and python>=3.12 and package(wrapt)<2.2",
    instead="Python 3.12 and an older wrapt don't go together: pip install -U wrapt, or use model.export, or Python 3.11",
    proof="cases/saving/test_savedmodel_of_keras.py::test_export",
)
@pytest.mark.declared(
    raises="ValueError",
    match="File format not supported.*legacy SavedModel format is not supported by `load_model",
    when="tensorflow>=2.16 and keras=default",
    instead='load_model of Keras 3 loads no SavedModel: tf.saved_model.load(folder).signatures["serving_default"]',
    proof="cases/saving/test_savedmodel_of_keras.py::test_signature",
)
@pytest.mark.declared(
    raises="ValueError",
    match="Unable to create a (TF-)?Keras model from (this )?SavedModel",
    when="tensorflow>=2.6",
    instead="tf.saved_model.save writes nothing for Keras: load it with tf.saved_model.load, or write it with model.save",
    proof="cases/saving/test_savedmodel_of_keras.py::test_call",
)
def test_load_model_of_a_plain_savedmodel(predict):
    """tf.keras.models.load_model loads the SavedModel that tf.saved_model.save wrote."""
    network, folder = written(tf.saved_model.save)
    again = tf.keras.models.load_model(folder)
    np.testing.assert_allclose(again.predict_on_batch(DATA), predict(network, DATA), rtol=1e-5)


@pytest.mark.needs("tf.keras.Model.export")
def test_export(predict):
    """model.export writes a SavedModel for inference: its endpoint is called serve."""
    network, folder = written(export)
    loaded = tf.saved_model.load(folder)
    np.testing.assert_allclose(loaded.serve(DATA).numpy(), predict(network, DATA), rtol=1e-5)


@pytest.mark.lacks("tf.keras.Model.export")
@pytest.mark.declared(
    raises="AttributeError",
    match="object has no attribute 'export'",
    instead="model.export came with TensorFlow 2.12: tf.saved_model.save(network, folder), and call what tf.saved_model.load gives",
    proof="cases/saving/test_savedmodel_of_keras.py::test_call",
)
def test_export_where_there_is_none():
    """model.export in a Keras that is older than it."""
    written(export)


@pytest.mark.needs("tf.keras.Model.export", "tf.keras.layers.TFSMLayer")
def test_tfsm_layer(predict):
    """tf.keras.layers.TFSMLayer runs what model.export wrote, in a network of Keras 3."""
    network, folder = written(export)
    again = tf.keras.layers.TFSMLayer(folder, call_endpoint="serve")(DATA)
    np.testing.assert_allclose(np.array(again), predict(network, DATA), rtol=1e-5)


@pytest.mark.needs("tf.keras.Model.export")
@pytest.mark.declared(
    raises="AssertionError",
    match="Called a function referencing variables which have been deleted",
    instead="the loaded object owns the variables: keep it, loaded = tf.saved_model.load(folder), and call loaded.serve(data)",
    proof="cases/saving/test_savedmodel_of_keras.py::test_export",
)
def test_export_without_keeping_it():
    """Wrong way: tf.saved_model.load(folder).serve(data) in one go; the variables are deleted before the call."""
    _network, folder = written(export)
    tf.saved_model.load(folder).serve(DATA)


@pytest.mark.needs("tf.keras.Model.export")
@pytest.mark.declared(
    raises="TypeError",
    match="'_UserObject' object is not callable",
    instead="its endpoint is called serve: loaded.serve(data)",
    proof="cases/saving/test_savedmodel_of_keras.py::test_export",
)
def test_call_an_export():
    """Wrong way: calling what tf.saved_model.load made of a model.export."""
    _network, folder = written(export)
    tf.saved_model.load(folder)(DATA)
