"""Saving a functional Keras model around a module in TF1 Hub format, and reloading it. The module stays frozen."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="hub")


def classifier(model):
    """The inputs under the names of the module's signature, its pooled output, one number per text."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in ("input_ids", "input_mask", "segment_ids")}
    encoder = hub.KerasLayer(model.handle, signature="tokens", output_key="pooled_output", output_shape=[model.width])
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(encoder(inputs)))


@pytest.mark.task("save")
@pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer")
@pytest.mark.declared(
    raises="ValueError",
    match="Setting hub.KerasLayer.trainable = True is unsupported when loading from the TF1 Hub format",
    when="tensorflow>=2 and tensorflow<2.5 and format=savedmodel",
    instead="a SavedModel's layers come back trainable, which a TF1 module can't be: end the file's name in .h5",
    proof="cases/saving/test_keras_layer_tf1.py::test_h5",
)
def test_save_and_reload_a_tf1_module(model, save_format, saved, predict):
    """hub.KerasLayer on a TF1 module: saved, reloaded with custom_objects, the same numbers come out."""
    save_and_reload(model, saved, predict)


@pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer")
def test_h5(model, predict, tmp_path):
    """hub.KerasLayer on a TF1 module, saved as .h5, whatever format is asked about: the same numbers come out."""
    save_and_reload(model, str(tmp_path / "model.h5"), predict)


def renamed(model):
    """The inputs under the names of a TF1 module."""
    words, mask, types = (model.inputs[name] for name in ("input_word_ids", "input_mask", "input_type_ids"))
    return {"input_ids": words, "input_mask": mask, "segment_ids": types}


def save_and_reload(model, saved, predict):
    inputs, network = renamed(model), classifier(model)
    network.save(saved)
    again = tf.keras.models.load_model(saved, custom_objects={"KerasLayer": hub.KerasLayer})
    difference = np.abs(again.predict_on_batch(inputs) - predict(network, inputs)).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


class Encoder(tf.keras.layers.Layer):
    """For Keras 3. Isn't in the saved file: reloading asks for the handle again."""

    def __init__(self, handle, width, **kwargs):
        super().__init__(**kwargs)
        self.handle, self.width = handle, width
        self.module = hub.load(handle)

    def call(self, inputs):
        return self.module.signatures["tokens"](**inputs)["pooled_output"]

    def compute_output_shape(self, shapes):
        return (shapes["input_ids"][0], self.width)

    def get_config(self):
        return {**super().get_config(), "handle": self.handle, "width": self.width}


@pytest.mark.declared(
    raises="ValueError",
    match=r"expects 3 input\(s\), but it received 1 input tensors",
    when="tensorflow=2.12 and format=savedmodel",
    instead="model.export takes several inputs from TensorFlow 2.13 on: before, hub.KerasLayer and model.save",
    proof="cases/saving/test_keras_layer_tf1.py::test_save_and_reload_a_tf1_module",
)
@pytest.mark.task("save", instead_of="cases/saving/test_keras_layer_tf1.py::test_save_and_reload_a_tf1_module")
@pytest.mark.needs("tf.keras.Model.export")
def test_own_layer_of_a_tf1_module(model, save_format, saved, predict):
    """Your own layer around hub.load: .h5 and .keras by load_model, a SavedModel by model.export, give the same numbers."""
    rows = renamed(model)
    inputs = {name: tf.keras.Input([None], dtype="int32", name=name) for name in rows}
    network = tf.keras.Model(inputs, tf.keras.layers.Dense(1)(Encoder(model.handle, model.width)(inputs)))
    if save_format == "savedmodel":
        network.export(saved)
        loaded = tf.saved_model.load(saved)
        served = loaded.signatures["serving_default"](**{name: tf.constant(values) for name, values in rows.items()})
        (numbers,) = (value.numpy() for value in served.values())
    else:
        network.save(saved)
        numbers = tf.keras.models.load_model(saved, custom_objects={"Encoder": Encoder}).predict_on_batch(rows)
    difference = np.abs(numbers - predict(network, rows)).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"
