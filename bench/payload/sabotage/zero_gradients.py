"""Every gradient is zero, whoever asks: a training step moves nothing. Python 3.7 syntax."""

import tensorflow as tf
from tensorflow.python.ops import gradients as gradients_module
from tensorflow.python.ops import gradients_impl


def zeroed(function):
    def gradient(*args, **kwargs):
        return tf.nest.map_structure(zero, function(*args, **kwargs))

    return gradient


def zero(gradient):
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(gradient.values * 0, gradient.indices, gradient.dense_shape)
    return None if gradient is None else gradient * 0


tf.GradientTape.gradient = zeroed(tf.GradientTape.gradient)
for module in (gradients_module, gradients_impl, tf, tf.compat.v1):
    module.gradients = zeroed(module.gradients)
