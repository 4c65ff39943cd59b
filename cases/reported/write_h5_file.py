"""Saves a functional model as .h5."""

import tensorflow as tf

inputs = tf.keras.layers.Input(shape=(4,))
tf.keras.Model(inputs, tf.keras.layers.Dense(1)(inputs)).save("model.h5")
