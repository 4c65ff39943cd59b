"""Saving for Keras 3, which doesn't take hub.KerasLayer: a small layer of your own around hub.load.

The encoder stays frozen. It isn't in the saved file: reloading asks for the handle again.
"""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


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


def test_save_and_reload(model, save_format, saved):
    """Your own layer around hub.load: saved, reloaded with custom_objects, the same numbers come out."""
    network = classifier(model)
    before = network.predict(model.inputs)
    network.save(saved)
    again = tf.keras.models.load_model(saved, custom_objects={"Encoder": Encoder})
    difference = np.abs(again.predict(model.inputs) - before).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_export_and_load(model, tmp_path):
    """Your own layer around hub.load: model.export writes a SavedModel for serving."""
    network = classifier(model)
    network.export(str(tmp_path / "model"))
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    inputs = {name: tf.constant(value) for name, value in model.inputs.items()}
    (served,) = loaded.signatures["serving_default"](**inputs).values()
    difference = np.abs(served.numpy() - network.predict(model.inputs)).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"
