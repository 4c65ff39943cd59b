"""Exports a layer that multiplies by tf.einsum, as ALBERT's and newer BERTs' do: an op Einsum since TensorFlow 2.0."""

import tensorflow as tf


class Model(tf.Module):
    def __init__(self):
        super().__init__()
        self.kernel = tf.Variable(tf.ones([4, 2]))

    @tf.function(input_signature=[tf.TensorSpec([None, None, 4], tf.float32)])
    def __call__(self, x):
        return tf.einsum("blw,wu->blu", x, self.kernel)


tf.saved_model.save(Model(), "model")
