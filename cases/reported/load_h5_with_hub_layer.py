"""Loads the .h5 as the converter to TF.js does: it knows hub.KerasLayer, but never imports tensorflow_text."""

import tensorflow as tf
import tensorflow_hub as hub

tf.keras.models.load_model("model.h5", custom_objects={"KerasLayer": hub.KerasLayer})
