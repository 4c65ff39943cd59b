"""Calls a reloaded model with int64 ids, which numpy gives, where int32 was saved."""

import numpy as np
import tensorflow as tf

inputs = tf.keras.layers.Input(shape=(4,), dtype=tf.int32)
tf.keras.Model(inputs, tf.keras.layers.Embedding(10, 2)(inputs)).save("model", save_format="tf")

reloaded = tf.keras.models.load_model("model")

reloaded(np.zeros((1, 4), np.int64))
