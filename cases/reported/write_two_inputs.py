"""Exports a model whose call has two inputs of their own."""

import tensorflow as tf


class Model(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 4]), tf.TensorSpec([None, 4])])
    def __call__(self, tokens, annotations):
        return tokens + annotations


tf.saved_model.save(Model(), "model")
