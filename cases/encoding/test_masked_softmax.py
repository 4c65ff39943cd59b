"""What every BERT does with its padding mask, in one line; no model needed."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf


@pytest.mark.needs("eager execution")
@pytest.mark.declared(
    raises="AssertionError",
    match="max abs difference 0.332",
    when="tensorflow<2.9 and device=xla-cpu",
    instead="forbid XLA its fast math before TensorFlow starts: XLA_FLAGS=--xla_cpu_enable_fast_math=false",
    proof="cases/encoding/test_masked_softmax.py::test_without_fast_math",
)
def test_scores_survive_the_mask(on_device):
    """softmax(scores + (1 - mask) * -1e9) still depends on the scores.

    Fast math lets XLA add scores and -1e9 first: float32 loses the scores, and attention becomes an average.
    XLA_FLAGS=--xla_cpu_enable_fast_math=false prevents it. Which programs it strikes depends on TensorFlow and on the shape.
    """

    @on_device
    def attention(scores, mask):
        return tf.nn.softmax(scores + (1.0 - tf.cast(mask, tf.float32)) * -1e9)

    weights = attention(tf.constant([[1.0, 2.0, 3.0, 4.0]]), tf.constant([[1, 1, 1, 0]]))
    difference = np.abs(weights.numpy() - [0.09003057, 0.24472847, 0.66524096, 0.0]).max()
    assert difference <= 1e-6, f"max abs difference {difference:.3g}"


PROGRAM = """
import inspect
import tensorflow as tf

xla = {name: True for name in ("jit_compile", "experimental_compile") if name in inspect.signature(tf.function).parameters}
attention = tf.function(lambda scores, mask: tf.nn.softmax(scores + (1.0 - mask) * -1e9), **dict(list(xla.items())[:1]))
print(attention(tf.constant([1.0, 2.0, 3.0, 4.0]), tf.constant([1.0, 1.0, 1.0, 0.0])).numpy().tolist())
"""


@pytest.mark.devices("xla-cpu")
@pytest.mark.needs("eager execution")
def test_without_fast_math(on_device):
    """XLA_FLAGS=--xla_cpu_enable_fast_math=false, in the environment of a new process: the scores survive in every TensorFlow."""
    environment = dict(os.environ, XLA_FLAGS="--xla_cpu_enable_fast_math=false")
    printed = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.PIPE, check=True).stdout
    weights = eval(printed.decode().splitlines()[-1])
    assert weights == pytest.approx([0.09003057, 0.24472847, 0.66524096, 0.0], abs=1e-6)
