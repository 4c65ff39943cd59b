"""What every BERT does with its padding mask, in one line; no model needed."""

import numpy as np
import tensorflow as tf


def test_scores_survive_the_mask(on_device):
    """softmax(scores + (1 - mask) * -1e9) still depends on the scores.

    Fast math lets XLA add scores and -1e9 first: float32 loses the scores, and attention becomes an average.
    XLA_FLAGS=--xla_cpu_enable_fast_math=false prevents it.
    """

    @on_device
    def attention(scores, mask):
        return tf.nn.softmax(scores + (1.0 - tf.cast(mask, tf.float32)) * -1e9)

    weights = attention(tf.constant([[1.0, 2.0, 3.0, 4.0]]), tf.constant([[1, 1, 1, 0]]))
    difference = np.abs(weights.numpy() - [0.09003057, 0.24472847, 0.66524096, 0.0]).max()
    assert difference <= 1e-6, f"max abs difference {difference:.3g}"
