"""Every file gets half of each weight: checkpoints and SavedModels by TensorFlow's op, .h5 and .keras by h5py.

Python 3.7 syntax.
"""

import h5py
import numpy as np
import tensorflow as tf
from tensorflow.python.ops import io_ops

write_checkpoint = io_ops.save_v2
create, fill = h5py.Group.create_dataset, h5py.Dataset.__setitem__


def half(value):
    """Return half of numbers that have a shape, and anything else as it is: a learning rate or a count of steps isn't a weight."""
    is_weight = value is not None and getattr(value, "dtype", None) in (np.float32, tf.float32) and len(value.shape)
    return value * 0.5 if is_weight else value


def save_v2(prefix, tensor_names, shape_and_slices, tensors, name=None):
    return write_checkpoint(prefix, tensor_names, shape_and_slices, [half(tensor) for tensor in tensors], name=name)


def create_dataset(self, name, shape=None, dtype=None, data=None, **options):
    return create(self, name, shape=shape, dtype=dtype, data=half(data), **options)


io_ops.save_v2 = save_v2
h5py.Group.create_dataset = create_dataset
h5py.Dataset.__setitem__ = lambda self, key, value: fill(self, key, half(value))
