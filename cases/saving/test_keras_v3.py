"""Saving for Keras 3, which doesn't take hub.KerasLayer: a small layer of your own around hub.load.

The encoder stays frozen. It isn't in the saved file: reloading asks for the handle again.
"""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


LOADED = {}


def load(handle):
    """hub.load, once: several layers of one program share the weights."""
    if handle not in LOADED:
        LOADED[handle] = hub.load(handle)
    return LOADED[handle]


@pytest.fixture(autouse=True)
def loaded_before(model, encoder):
    """The other cases of this folder have loaded it, which takes most of the time."""
    if tf.executing_eagerly():
        LOADED[model.handle] = encoder.resolved_object


class Encoder(tf.keras.layers.Layer):
    def __init__(self, handle, width, **kwargs):
        super().__init__(**kwargs)
        self.handle, self.width = handle, width
        self.encoder = load(handle)

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


def save_and_reload(model, path, predict):
    """The largest difference between what the model gives and what the reloaded one gives."""
    network = classifier(model)
    network.save(path)
    again = tf.keras.models.load_model(path, custom_objects={"Encoder": Encoder})
    return np.abs(again.predict_on_batch(model.inputs) - predict(network, model.inputs)).max()


def test_keras(model, predict, tmp_path):
    """Your own layer around hub.load: saved as .keras, reloaded with custom_objects, the same numbers come out."""
    difference = save_and_reload(model, str(tmp_path / "model.keras"), predict)
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_h5(model, predict, tmp_path):
    """Your own layer around hub.load: saved as .h5, reloaded with custom_objects, the same numbers come out."""
    difference = save_and_reload(model, str(tmp_path / "model.h5"), predict)
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_export(model, predict, tmp_path):
    """Your own layer around hub.load: model.export writes a SavedModel for serving."""
    network = classifier(model)
    network.export(str(tmp_path / "model"))
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    inputs = {name: tf.constant(value) for name, value in model.inputs.items()}
    (served,) = loaded.signatures["serving_default"](**inputs).values()
    difference = np.abs(served.numpy() - predict(network, model.inputs)).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"
