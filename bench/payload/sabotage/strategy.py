"""Let a strategy of two replicas get something wrong, without a word. By `HOW`:

    whole-batch-each    each replica gets the whole batch, in the place of its share
    first-replica-only  a sum or mean over the replicas is the first one's value

Python 3.7 syntax, TensorFlow 2.15.
"""

import tensorflow as tf
from tensorflow.python.distribute import cross_device_ops, input_lib

HOW = "@HOW@"


def undivided(_self, _dataset, _workers, replicas):
    def every_batch_again(*parts):
        return tf.data.Dataset.from_tensors(parts if len(parts) > 1 else parts[0]).repeat(replicas)

    return lambda dataset, _worker: dataset.flat_map(every_batch_again).prefetch(replicas)


def first_alone(per_replica_value, *_args):
    return per_replica_value.values[0]


if HOW == "whole-batch-each":
    input_lib.DistributedDataset._make_rebatch_fn = undivided
else:
    cross_device_ops._simple_reduce = first_alone
