"""Saving a model with the preprocessing inside, which takes strings, and reloading it: here, elsewhere, without the import."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="text")


def network_of(layer):
    """The smallest Keras model that takes strings."""
    text = tf.keras.layers.Input(shape=(), dtype=tf.string, name="text")
    return tf.keras.Model(text, layer(text)["input_word_ids"])


def served(folder, model):
    """The ids that the signature of a SavedModel gives for the model's sentences."""
    serve = tf.saved_model.load(folder).signatures["serving_default"]
    (words,) = serve(tf.constant(model.inputs["sentences"])).values()
    return words.numpy()


def test_save_and_reload(model, layer, save_format, saved):
    """A Keras model that starts with the preprocessing: saved, reloaded with custom_objects, the same ids."""
    network_of(layer).save(saved)
    again = tf.keras.models.load_model(saved, custom_objects={"KerasLayer": hub.KerasLayer})
    words = again(tf.constant(model.inputs["sentences"]))
    assert np.array_equal(words, model.outputs["input_word_ids"])


@pytest.fixture(scope="module")
def exported(model, tensorflow_text, tmp_path_factory):
    """A copy of the loaded model by tf.saved_model.save. What it was loaded from is gone, as a Hub cache may be."""
    folder = tmp_path_factory.mktemp("exported")
    downloaded = shutil.copytree(hub.resolve(model.handle), str(folder / "downloaded"))
    tf.saved_model.save(hub.load(downloaded), str(folder / "copy"))
    shutil.rmtree(downloaded)
    return str(folder / "copy")


def test_export_again(model, exported):
    """tf.saved_model.save of the loaded model: a copy that works after the Hub cache is gone."""
    outputs = hub.load(exported)(tf.constant(model.inputs["sentences"]))
    assert np.array_equal(outputs["input_word_ids"].numpy(), model.outputs["input_word_ids"])


def test_export_network(model, tmp_path, tensorflow_text):
    """A Keras model with the preprocessing inside, as SavedModel: it works after the Hub cache is gone."""
    downloaded = shutil.copytree(hub.resolve(model.handle), str(tmp_path / "downloaded"))
    tf.saved_model.save(network_of(hub.KerasLayer(downloaded)), str(tmp_path / "copy"))
    shutil.rmtree(downloaded)
    assert np.array_equal(served(str(tmp_path / "copy"), model), model.outputs["input_word_ids"])


def test_export_module(model, preprocess, tmp_path):
    """Without Keras: a tf.Module that holds the preprocessing, and a function with a signature."""
    module = tf.Module()
    module.preprocess = preprocess
    text = tf.TensorSpec([None], tf.string)
    module.serve = tf.function(lambda text: preprocess(text)["input_word_ids"], input_signature=[text])
    tf.saved_model.save(module, str(tmp_path / "model"), signatures=module.serve.get_concrete_function())
    assert np.array_equal(served(str(tmp_path / "model"), model), model.outputs["input_word_ids"])


@pytest.fixture
def halves(preprocess):
    """A network from strings to ids of length 16, through .tokenize and .bert_pack_inputs."""
    text = tf.keras.layers.Input(shape=(), dtype=tf.string, name="text")
    tokenize = hub.KerasLayer(preprocess.tokenize)
    if not isinstance(tokenize, tf.keras.layers.Layer):
        pytest.skip("hub.KerasLayer is no layer of Keras 3: see test_into_an_encoder.py")
    pieces = tokenize(text)
    ids = hub.KerasLayer(preprocess.bert_pack_inputs, arguments={"seq_length": 16})([pieces])
    return tf.keras.Model(text, ids["input_word_ids"])


def test_export_halves(model, halves, tmp_path):
    """A network of .tokenize and .bert_pack_inputs: tf.saved_model.save, and tf.saved_model.load."""
    tf.saved_model.save(halves, str(tmp_path / "model"))
    assert np.array_equal(served(str(tmp_path / "model"), model)[:, :15], model.outputs["input_word_ids"][:, :15])


@pytest.mark.xfail(raises=ValueError, strict=False, reason="Keras drops the list around a single segment: tf.saved_model.load")
def test_keras_reload_of_halves(halves, tmp_path):
    """Wrong way: load_model of a SavedModel with .tokenize and .bert_pack_inputs inside."""
    halves.save(str(tmp_path / "model"))
    tf.keras.models.load_model(str(tmp_path / "model"))


LOAD = """
import sys
import tensorflow as tf
try:
    tf.saved_model.load(sys.argv[1])
except Exception as error:
    print(error)
import tensorflow_text
tf.saved_model.load(sys.argv[1])
print("loaded after the import")
"""


@pytest.fixture(scope="module")
def elsewhere(exported):
    """What a new process prints that loads the export, first without the import, then with it."""
    done = subprocess.run([sys.executable, "-I", "-c", LOAD, exported], stdout=subprocess.PIPE, text=True)
    return done.stdout


def test_reload_without_the_import(elsewhere):
    """In a new process the export lacks its ops just the same: "Op type not registered"."""
    assert elsewhere.startswith("Op type not registered")


def test_reload_with_the_import(elsewhere):
    """Every process that loads the export imports tensorflow_text; it needs no tensorflow_hub."""
    assert "loaded after the import" in elsewhere
