"""Exports a model with two variables of the same name, as many models have."""

import tensorflow as tf


class Model(tf.Module):
    def __init__(self):
        super().__init__()
        self.first = tf.Variable(tf.ones([4, 4]), name="kernel")
        self.second = tf.Variable(tf.ones([4, 4]), name="kernel")

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
    def __call__(self, x):
        return tf.matmul(tf.matmul(x, self.first), self.second)


tf.saved_model.save(Model(), "model")
