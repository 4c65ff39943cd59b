"""Saving a Keras model around an encoder that takes and gives lists: hub.KerasLayer, and a layer of your own for Keras 3."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="list")


class Encoder(tf.keras.layers.Layer):
    """Stays frozen, and isn't in the saved file: reloading asks for the handle again."""

    def __init__(self, handle, width, **kwargs):
        super().__init__(**kwargs)
        self.handle, self.width = handle, width
        self.encoder = hub.load(handle)

    def call(self, inputs):
        pooled, _sequence = self.encoder(inputs)
        return pooled

    def compute_output_shape(self, shapes):
        return (shapes[0][0], self.width)

    def get_config(self):
        return {**super().get_config(), "handle": self.handle, "width": self.width}


def classifier(model, encode):
    """Keras' functional API: three inputs, the encoder, one number per text."""
    inputs = [tf.keras.Input([None], dtype="int32", name=name) for name in model.inputs]
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(encode(inputs)))


@pytest.mark.task("save")
@pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer")
def test_save_and_reload_a_list_model(model, encoder, save_format, saved, predict):
    """hub.KerasLayer: saved, reloaded with custom_objects, the same numbers come out."""
    network = classifier(model, lambda inputs: encoder(inputs)[0])
    network.save(saved)
    again = tf.keras.models.load_model(saved, custom_objects={"KerasLayer": hub.KerasLayer})
    texts = list(model.inputs.values())
    difference = np.abs(again.predict_on_batch(texts) - predict(network, texts)).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@pytest.mark.declared(
    raises="ValueError",
    match=r"expects 3 input\(s\), but it received 1 input tensors",
    when="tensorflow=2.12 and format=savedmodel",
    instead="model.export takes several inputs from TensorFlow 2.13 on: before, hub.KerasLayer and model.save",
    proof="cases/saving/test_keras_layer_list.py::test_save_and_reload_a_list_model",
)
@pytest.mark.task("save", instead_of="cases/saving/test_keras_layer_list.py::test_save_and_reload_a_list_model")
@pytest.mark.needs("tf.keras.Model.export")
def test_own_layer_of_a_list_model(model, save_format, saved, predict):
    """Your own layer around hub.load: .h5 and .keras by load_model, a SavedModel by model.export, give the same numbers."""
    network, texts = classifier(model, Encoder(model.handle, model.width)), list(model.inputs.values())
    if save_format == "savedmodel":
        network.export(saved)
        loaded = tf.saved_model.load(saved)
        numbers = loaded.serve([tf.constant(rows) for rows in texts]).numpy()
    else:
        network.save(saved)
        numbers = tf.keras.models.load_model(saved, custom_objects={"Encoder": Encoder}).predict_on_batch(texts)
    difference = np.abs(numbers - predict(network, texts)).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"
