"""Exports a model that compares by ==, as the reported one is said to do."""

import tensorflow as tf


class Model(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(self, x):
        return x == 1.0


tf.saved_model.save(Model(), "model")
