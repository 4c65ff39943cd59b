"""Calls a reloaded model with one tensor, where it was saved with two."""

import tensorflow as tf

inputs = [tf.keras.layers.Input(shape=(4,), dtype=tf.int32, name=name) for name in ("ids", "mask")]
outputs = tf.keras.layers.Dense(1)(tf.cast(inputs[0] * inputs[1], tf.float32))
tf.keras.Model(inputs, outputs).save("model", save_format="tf")

reloaded = tf.saved_model.load("model")

reloaded(tf.zeros([1, 4], tf.int32))
