"""Loads an .h5 file that another Keras has written."""

import tensorflow as tf

tf.keras.models.load_model("model.h5")
