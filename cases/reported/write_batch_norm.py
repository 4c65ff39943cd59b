"""Exports a Keras model with batch normalization in it, as image models have."""

import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Conv2D(2, 3, input_shape=(8, 8, 3)), tf.keras.layers.BatchNormalization()])
model.save("model", save_format="tf")
