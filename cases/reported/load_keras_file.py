"""Loads a .keras file that another Keras has written."""

import tensorflow as tf

tf.keras.models.load_model("model.keras")
