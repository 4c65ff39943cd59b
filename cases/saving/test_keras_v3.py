"""Saving for Keras 3, which doesn't take hub.KerasLayer: a small layer of your own around hub.load.

The encoder stays frozen. It isn't in the saved file: reloading asks for the handle again.
"""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.models(format="saved_model_2", interface="dict"), pytest.mark.needs("eager execution")]


class Encoder(tf.keras.layers.Layer):
    def __init__(self, handle, width, **kwargs):
        super().__init__(**kwargs)
        self.handle, self.width = handle, width
        self.encoder = hub.load(handle)

    def call(self, inputs):
        return self.encoder(inputs)["pooled_output"]

    def compute_output_shape(self, shapes):
        return (shapes["input_word_ids"][0], self.width)

    def get_config(self):
        return {**super().get_config(), "handle": self.handle, "width": self.width}


def classifier(model):
    inputs = {name: tf.keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    vectors = Encoder(model.handle, model.width)(inputs)
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(vectors))


@pytest.mark.declared(
    raises="ValueError",
    match=r"expects 3 input\(s\), but it received 1 input tensors",
    when="tensorflow=2.12 and format=savedmodel",
    instead="model.export takes several inputs from TensorFlow 2.13 on: before, hub.KerasLayer and model.save",
    proof="cases/saving/test_keras_layer.py::test_save_and_reload",
)
@pytest.mark.task("save", instead_of="cases/saving/test_keras_layer.py::test_save_and_reload")
@pytest.mark.declared(
    raises="AttributeError",
    match="object has no attribute 'export'",
    when="tensorflow<2.12 and format=savedmodel",
    instead="model.export came with TensorFlow 2.12; before, hub.KerasLayer and model.save",
    proof="cases/saving/test_keras_layer.py::test_save_and_reload",
)
def test_save_and_reload(model, save_format, saved, predict):
    """Your own layer around hub.load: .h5 and .keras by load_model, a SavedModel by model.export, give the same numbers."""
    network = classifier(model)
    if save_format == "savedmodel":
        network.export(saved)
        loaded = tf.saved_model.load(saved)
        again = loaded.signatures["serving_default"](**{name: tf.constant(rows) for name, rows in model.inputs.items()})
        (numbers,) = (value.numpy() for value in again.values())
    else:
        network.save(saved)
        again = tf.keras.models.load_model(saved, custom_objects={"Encoder": Encoder})
        numbers = again.predict_on_batch(model.inputs)
    difference = np.abs(numbers - predict(network, model.inputs)).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@pytest.mark.declared(
    raises=("OSError", "TypeError"),
    match="urlopen error",
    instead="the file holds the handle, not the encoder: model.export writes a SavedModel, which holds it",
    proof="cases/saving/test_keras_v3.py::test_export",
)
def test_reload_after_the_hub_model_is_gone(model, elsewhere, tmp_path):
    """Wrong way: reloading an .h5 file where the Hub model can't be had any more."""
    classifier(model).save(str(tmp_path / "model.h5"))
    elsewhere()
    tf.keras.models.load_model(str(tmp_path / "model.h5"), custom_objects={"Encoder": Encoder})


@pytest.mark.declared(
    raises="ValueError",
    match=r"expects 3 input\(s\), but it received 1 input tensors",
    when="tensorflow=2.12",
    instead="model.export takes several inputs from TensorFlow 2.13 on: before, hub.KerasLayer and model.save",
    proof="cases/saving/test_keras_layer.py::test_save_and_reload",
)
@pytest.mark.needs("tf.keras.Model.export")
def test_export(model, elsewhere, predict, tmp_path):
    """Your own layer around hub.load: model.export writes a SavedModel that needs neither your class nor the Hub model."""
    network = classifier(model)
    network.export(str(tmp_path / "model"))
    elsewhere()
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    inputs = {name: tf.constant(value) for name, value in model.inputs.items()}
    (served,) = loaded.signatures["serving_default"](**inputs).values()
    difference = np.abs(served.numpy() - predict(network, model.inputs)).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"
