"""Exports a model with two variables of the same name, as many models have."""

import tensorflow as tf

first = tf.Variable(tf.ones([4, 4]), name="kernel")
second = tf.Variable(tf.ones([4, 4]), name="kernel")


@tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
def call(x):
    return tf.matmul(tf.matmul(x, first), second)


model = tf.train.Checkpoint()
model.__call__ = call
model.variables = [first, second]
model.trainable_variables = [first, second]
model.regularization_losses = []
tf.saved_model.save(model, "model")
