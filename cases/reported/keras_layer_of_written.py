"""Puts the model that another program has exported into a Keras model."""

import tensorflow as tf
import tensorflow_hub as hub

tf.keras.Sequential([hub.KerasLayer("model", input_shape=(8, 8, 3)), tf.keras.layers.Dense(2)])
