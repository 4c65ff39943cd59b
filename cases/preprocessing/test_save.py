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


@pytest.fixture
def downloaded(model, tmp_path):
    """The model in a folder of its own, as it is in the Hub cache, to be deleted after use."""
    return shutil.copytree(hub.resolve(model.handle), str(tmp_path / "downloaded"))


def test_save_and_reload(model, save_format, saved, tensorflow_text):
    """A Keras model that starts with the preprocessing: saved, reloaded with custom_objects, the same ids."""
    network_of(hub.KerasLayer(model.handle)).save(saved)
    again = tf.keras.models.load_model(saved, custom_objects={"KerasLayer": hub.KerasLayer})
    words = again(tf.constant(model.inputs["sentences"]))
    assert np.array_equal(words, model.outputs["input_word_ids"])


def test_export_again(model, downloaded, tmp_path, tensorflow_text):
    """tf.saved_model.save of the loaded model: a copy that works after the Hub cache is gone."""
    tf.saved_model.save(hub.load(downloaded), str(tmp_path / "copy"))
    shutil.rmtree(downloaded)
    outputs = hub.load(str(tmp_path / "copy"))(tf.constant(model.inputs["sentences"]))
    assert np.array_equal(outputs["input_word_ids"].numpy(), model.outputs["input_word_ids"])


def test_export_network(model, downloaded, tmp_path, tensorflow_text):
    """A Keras model with the preprocessing inside, as SavedModel: it works after the Hub cache is gone."""
    tf.saved_model.save(network_of(hub.KerasLayer(downloaded)), str(tmp_path / "copy"))
    shutil.rmtree(downloaded)
    assert np.array_equal(served(str(tmp_path / "copy"), model), model.outputs["input_word_ids"])


@pytest.fixture
def halves(preprocess):
    """A network from strings to ids of length 16, through .tokenize and .bert_pack_inputs."""
    text = tf.keras.layers.Input(shape=(), dtype=tf.string, name="text")
    pieces = hub.KerasLayer(preprocess.tokenize)(text)
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
def elsewhere(preprocess, tmp_path_factory):
    """What a new process prints that loads the exported model, first without the import, then with it."""
    folder = str(tmp_path_factory.mktemp("elsewhere") / "model")
    tf.saved_model.save(preprocess, folder)
    done = subprocess.run([sys.executable, "-I", "-c", LOAD, folder], stdout=subprocess.PIPE, text=True)
    return done.stdout


def test_reload_without_the_import(elsewhere):
    """In a new process the export lacks its ops just the same: "Op type not registered"."""
    assert elsewhere.startswith("Op type not registered")


def test_reload_with_the_import(elsewhere):
    """Every process that loads the export imports tensorflow_text; it needs no tensorflow_hub."""
    assert "loaded after the import" in elsewhere
