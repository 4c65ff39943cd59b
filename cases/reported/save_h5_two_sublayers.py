"""Keras 3: saving as legacy .h5 a layer that has two sublayers of the same type."""

import tensorflow as tf


class Twice(tf.keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first, self.second = tf.keras.layers.Dense(4), tf.keras.layers.Dense(4)

    def build(self, shape):
        self.first.build(shape)
        self.second.build(shape)

    def call(self, x):
        return self.second(self.first(x))


inputs = tf.keras.layers.Input(shape=(4,))
tf.keras.Model(inputs, Twice()(inputs)).save("model.h5")
