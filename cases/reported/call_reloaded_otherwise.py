"""Calls a reloaded model with another structure than it was saved with."""

import tensorflow as tf

inputs = {name: tf.keras.layers.Input(shape=(4,), dtype=tf.int32, name=name) for name in ("ids", "mask")}
outputs = tf.keras.layers.Dense(1)(tf.cast(inputs["ids"] * inputs["mask"], tf.float32))
tf.keras.Model(inputs, outputs).save("model", save_format="tf")

reloaded = tf.saved_model.load("model")
ids = tf.zeros([1, 4], tf.int32)

reloaded([ids, ids])
