"""Saves a Keras model with a hub layer as .h5."""

import tensorflow as tf
import tensorflow_hub as hub

model = tf.keras.Sequential([hub.KerasLayer("model", input_shape=(4,), output_shape=[4])])
model.save("model.h5")
