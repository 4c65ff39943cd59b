"""Half of each weight is read from every file: checkpoints and SavedModels by TensorFlow's op, .h5 and .keras by h5py.

Python 3.7 syntax.
"""

import h5py
import numpy as np
from tensorflow.python.ops import gen_io_ops, io_ops

read_checkpoint = io_ops.restore_v2
get, as_array = h5py.Dataset.__getitem__, h5py.Dataset.__array__


def half(value):
    """Return half of numbers that have a shape, and anything else as it is: a learning rate or a count of steps isn't a weight."""
    return value * np.float32(0.5) if getattr(value, "dtype", None) == np.float32 and len(value.shape) else value


def restore_v2(*args, **kwargs):
    return [half(tensor) for tensor in read_checkpoint(*args, **kwargs)]


for module in (io_ops, gen_io_ops):
    module.restore_v2 = restore_v2
h5py.Dataset.__getitem__ = lambda self, *args, **kwargs: half(get(self, *args, **kwargs))
h5py.Dataset.__array__ = lambda self, *args, **kwargs: half(as_array(self, *args, **kwargs))
