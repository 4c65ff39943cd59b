"""Saving a functional Keras model that has a hub.KerasLayer in it: whole, or its weights only."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.models(format="saved_model_2", interface="dict"),
    pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer"),
]


def classifier(model, encoder):
    """Keras' functional API: three inputs, the encoder (a hub.KerasLayer), one number per text."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    network = tf.keras.Model(inputs, tf.keras.layers.Dense(1)(encoder(inputs)["pooled_output"]))
    network.set_weights([weight + 0.01 for weight in network.get_weights()])  # stands for training
    return network


@pytest.mark.declared(
    raises="ValueError",
    match='No data provided for "input_1"',
    when="tensorflow=2.0 and format=savedmodel",
    instead="a SavedModel reloaded by TensorFlow 2.0 calls its inputs input_1, input_2, ...: save as .h5",
    proof="cases/saving/test_keras_layer.py::test_reload_h5_with_custom_objects",
)
@pytest.mark.declared(
    raises="ValueError",
    match="Unknown layer: KerasLayer",
    when="tensorflow<2 and format=savedmodel",
    instead="TensorFlow 1 writes HDF5, which holds the handle: load it where the Hub model is, with custom_objects",
    proof="cases/saving/test_keras_layer.py::test_reload_h5_with_custom_objects",
)
@pytest.mark.task("save")
def test_save_and_reload(model, encoder, elsewhere, save_format, saved, predict):
    """hub.KerasLayer: saved, reloaded, the same numbers come out."""
    network = classifier(model, encoder)
    network.save(saved)
    if save_format == "savedmodel":  # holds the encoder's graph: reloading needs neither its class nor the Hub model
        elsewhere()
        again = tf.keras.models.load_model(saved)
    else:  # hold the layer's class and its handle
        again = tf.keras.models.load_model(saved, custom_objects={"KerasLayer": hub.KerasLayer})
    difference = np.abs(again.predict_on_batch(model.inputs) - predict(network, model.inputs)).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_reload_h5_with_custom_objects(model, encoder, tmp_path, predict):
    """load_model of an .h5 file with custom_objects={"KerasLayer": hub.KerasLayer}: the same numbers come out."""
    network = classifier(model, encoder)
    network.save(str(tmp_path / "model.h5"))
    again = tf.keras.models.load_model(str(tmp_path / "model.h5"), custom_objects={"KerasLayer": hub.KerasLayer})
    difference = np.abs(again.predict_on_batch(model.inputs) - predict(network, model.inputs)).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@pytest.mark.declared(
    raises="ValueError",
    match="Unknown layer: '?KerasLayer",
    instead='load_model(path, custom_objects={"KerasLayer": hub.KerasLayer})',
    proof="cases/saving/test_keras_layer.py::test_reload_h5_with_custom_objects",
)
def test_reload_h5_without_custom_objects(model, encoder, tmp_path):
    """Wrong way: load_model of an .h5 file with a hub.KerasLayer, without custom_objects."""
    classifier(model, encoder).save(str(tmp_path / "model.h5"))
    tf.keras.models.load_model(str(tmp_path / "model.h5"))


@pytest.mark.declared(
    raises="TypeError",
    match="'str' object is not callable",
    when="tensorflow>=2.13",
    instead='load_model(path, custom_objects={"KerasLayer": hub.KerasLayer})',
    proof="cases/saving/test_keras_layer.py::test_save_and_reload",
)
@pytest.mark.declared(
    raises="ValueError",
    match="Unknown layer: '?KerasLayer",
    instead='load_model(path, custom_objects={"KerasLayer": hub.KerasLayer})',
    proof="cases/saving/test_keras_layer.py::test_save_and_reload",
)
def test_reload_keras_without_custom_objects(model, encoder, tmp_path):
    """Wrong way: load_model of a .keras file with a hub.KerasLayer, without custom_objects."""
    classifier(model, encoder).save(str(tmp_path / "model.keras"))
    tf.keras.models.load_model(str(tmp_path / "model.keras"))


@pytest.mark.declared(
    raises=("OSError", "TypeError"),
    match="urlopen error",
    instead="the file holds the handle, not the encoder: model.save to a name without ending writes a SavedModel, which holds it",
    proof="cases/saving/test_keras_layer.py::test_reload_savedmodel_after_the_hub_model_is_gone",
)
def test_reload_h5_after_the_hub_model_is_gone(model, encoder, elsewhere, tmp_path):
    """Wrong way: reloading an .h5 file where the Hub model can't be had any more."""
    classifier(model, encoder).save(str(tmp_path / "model.h5"))
    elsewhere()
    tf.keras.models.load_model(str(tmp_path / "model.h5"), custom_objects={"KerasLayer": hub.KerasLayer})


@pytest.mark.declared(
    raises="ValueError",
    match='No data provided for "input_1"',
    when="tensorflow=2.0",
    instead="a SavedModel reloaded by TensorFlow 2.0 calls its inputs input_1, input_2, ...: save as .h5",
    proof="cases/saving/test_keras_layer.py::test_reload_h5_with_custom_objects",
)
@pytest.mark.declared(
    raises="ValueError",
    match="Unknown layer: KerasLayer",
    when="tensorflow<2",
    instead="TensorFlow 1 writes HDF5, which holds the handle: load it where the Hub model is, with custom_objects",
    proof="cases/saving/test_keras_layer.py::test_reload_h5_with_custom_objects",
)
def test_reload_savedmodel_after_the_hub_model_is_gone(model, encoder, elsewhere, tmp_path, predict):
    """A SavedModel holds the encoder: it is reloaded where the Hub model can't be had any more, and gives the same numbers."""
    network = classifier(model, encoder)
    network.save(str(tmp_path / "model"))
    elsewhere()
    again = tf.keras.models.load_model(str(tmp_path / "model"))
    difference = np.abs(again.predict_on_batch(model.inputs) - predict(network, model.inputs)).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def there_and_back(network, save, load):
    """Saves the weights, changes them, loads them: which of them are back?"""
    before = network.get_weights()
    save()
    network.set_weights([np.zeros_like(weight) for weight in before])
    load()
    return [np.array_equal(old, new) for old, new in zip(before, network.get_weights())]


def test_weights_in_h5(model, encoder, tmp_path):
    """hub.KerasLayer: save_weights to .h5, load_weights: all weights are back."""
    network, path = classifier(model, encoder), str(tmp_path / "model.h5")
    assert all(there_and_back(network, lambda: network.save_weights(path), lambda: network.load_weights(path)))


def test_weights_in_weights_h5(model, encoder, tmp_path):
    """hub.KerasLayer: save_weights to .weights.h5, load_weights: all weights are back."""
    network, path = classifier(model, encoder), str(tmp_path / "model.weights.h5")
    assert all(there_and_back(network, lambda: network.save_weights(path), lambda: network.load_weights(path)))


@pytest.mark.needs("eager execution")
def test_weights_in_a_checkpoint(model, encoder, tmp_path):
    """hub.KerasLayer: tf.train.Checkpoint, save and restore: all weights are back."""
    network, path = classifier(model, encoder), str(tmp_path / "checkpoint")
    checkpoint = tf.train.Checkpoint(model=network)
    assert all(there_and_back(network, lambda: checkpoint.save(path), lambda: checkpoint.restore(path + "-1")))
