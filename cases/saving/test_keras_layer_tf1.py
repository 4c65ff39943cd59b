"""Saving a functional Keras model around a module in TF1 Hub format, and reloading it. The module stays frozen."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.models(format="hub"), pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer")]


def classifier(model):
    """The inputs under the names of the module's signature, its pooled output, one number per text."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in ("input_ids", "input_mask", "segment_ids")}
    encoder = hub.KerasLayer(model.handle, signature="tokens", output_key="pooled_output", output_shape=[model.width])
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(encoder(inputs)))


@pytest.mark.task("save")
@pytest.mark.declared(
    raises="ValueError",
    match="Setting hub.KerasLayer.trainable = True is unsupported when loading from the TF1 Hub format",
    when="tensorflow<2.5 and format=savedmodel",
    instead="a SavedModel's layers come back trainable, which a TF1 module can't be: end the file's name in .h5",
    proof="cases/saving/test_keras_layer_tf1.py::test_h5",
)
def test_save_and_reload_a_tf1_module(model, save_format, saved, predict):
    """hub.KerasLayer on a TF1 module: saved, reloaded with custom_objects, the same numbers come out."""
    save_and_reload(model, saved, predict)


def test_h5(model, predict, tmp_path):
    """hub.KerasLayer on a TF1 module, saved as .h5, whatever format is asked about: the same numbers come out."""
    save_and_reload(model, str(tmp_path / "model.h5"), predict)


def save_and_reload(model, saved, predict):
    words, mask, types = (model.inputs[name] for name in ("input_word_ids", "input_mask", "input_type_ids"))
    inputs = {"input_ids": words, "input_mask": mask, "segment_ids": types}
    network = classifier(model)
    network.save(saved)
    again = tf.keras.models.load_model(saved, custom_objects={"KerasLayer": hub.KerasLayer})
    difference = np.abs(again.predict_on_batch(inputs) - predict(network, inputs)).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"
