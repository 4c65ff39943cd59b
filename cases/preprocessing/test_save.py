"""Saving a model with the preprocessing inside, which takes strings, and reloading it."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

TOO_OLD = pytest.mark.declared(
    raises="ValueError",
    match="Value for attr 'output_ragged_rank' of 0 must be at least minimum 1",
    when="tensorflow=2.0 and model=preprocess/3",
    instead="the model was written by a later TensorFlow: tokenize with transformers on its vocabulary",
    proof="cases/preprocessing/test_tokenizers.py::test_transformers_batch",
)
pytestmark = [pytest.mark.models(format="saved_model_2", interface="text"), pytest.mark.needs("eager execution"), TOO_OLD]
IS_A_LAYER = pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer")  # not in Keras 3, see building/test_keras_3.py


def network_of(layer):
    """The smallest Keras model that takes strings."""
    text = tf.keras.layers.Input(shape=(), dtype=tf.string, name="text")
    return tf.keras.Model(text, layer(text)["input_word_ids"])


@contextmanager
def gone(handle):
    """What was loaded can't be had any more: as with an emptied Hub cache."""
    shutil.move(handle, handle + ".gone")
    try:
        yield
    finally:
        shutil.move(handle + ".gone", handle)


def served(folder, model):
    """The ids that the signature of a SavedModel gives for the model's sentences."""
    serve = tf.saved_model.load(folder).signatures["serving_default"]
    (words,) = serve(tf.constant(model.inputs["sentences"])).values()
    return words.numpy()


@IS_A_LAYER
def test_save_and_reload(model, layer, save_format, saved):
    """A Keras model that starts with the preprocessing: saved, reloaded with custom_objects, the same ids."""
    network_of(layer).save(saved)
    again = tf.keras.models.load_model(saved, custom_objects={"KerasLayer": hub.KerasLayer})
    words = again(tf.constant(model.inputs["sentences"]))
    assert np.array_equal(words, model.outputs["input_word_ids"])


@pytest.fixture(scope="module")
def exported(preprocess, tmp_path_factory):
    """A copy of the loaded model by tf.saved_model.save."""
    folder = str(tmp_path_factory.mktemp("exported") / "copy")
    tf.saved_model.save(preprocess, folder)
    return folder


def test_export_again(model, handle, exported):
    """tf.saved_model.save of the loaded model: a copy that works after the Hub cache is gone."""
    with gone(handle):
        outputs = hub.load(exported)(tf.constant(model.inputs["sentences"]))
    assert np.array_equal(outputs["input_word_ids"].numpy(), model.outputs["input_word_ids"])


@IS_A_LAYER
def test_export_network(model, handle, layer, tmp_path):
    """A Keras model with the preprocessing inside, as SavedModel: it works after the Hub cache is gone."""
    tf.saved_model.save(network_of(layer), str(tmp_path / "copy"))
    with gone(handle):
        words = served(str(tmp_path / "copy"), model)
    assert np.array_equal(words, model.outputs["input_word_ids"])


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
    pieces = hub.KerasLayer(preprocess.tokenize)(text)
    ids = hub.KerasLayer(preprocess.bert_pack_inputs, arguments={"seq_length": 16})([pieces])
    return tf.keras.Model(text, ids["input_word_ids"])


@IS_A_LAYER
def test_export_halves(model, halves, tmp_path):
    """A network of .tokenize and .bert_pack_inputs: tf.saved_model.save, and tf.saved_model.load."""
    tf.saved_model.save(halves, str(tmp_path / "model"))
    assert np.array_equal(served(str(tmp_path / "model"), model)[:, :15], model.outputs["input_word_ids"][:, :15])


@TOO_OLD
@IS_A_LAYER
@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+\* tf\.RaggedTensor",
    instead="Keras drops the list around a single segment: tf.saved_model.save, and tf.saved_model.load",
    proof="cases/preprocessing/test_save.py::test_export_halves",
)
def test_keras_reload_of_halves(halves, tmp_path):
    """Wrong way: load_model of a SavedModel with .tokenize and .bert_pack_inputs inside."""
    halves.save(str(tmp_path / "model"))
    tf.keras.models.load_model(str(tmp_path / "model"))


def test_copy_needs_the_import_too(exported):
    """The copy names ops that TensorFlow lacks, those of tensorflow_text: every process that loads it imports that."""
    copy = SavedModel.FromString(Path(exported, "saved_model.pb").read_bytes())
    ops = {op.name for op in copy.meta_graphs[0].meta_info_def.stripped_op_list.op}
    assert ops - set(dir(tf.raw_ops)), "TensorFlow has all of them"
