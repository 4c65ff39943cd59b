"""Exports a model with tf.equal in it."""

import tensorflow as tf


class Model(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(self, x):
        return tf.equal(x, 1.0)


tf.saved_model.save(Model(), "model")
