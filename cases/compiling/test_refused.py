"""What can't be compiled for a TPU, and who says so: TensorFlow, when it makes the program, or the compiler."""

import numpy as np
import pytest
import tensorflow as tf

pytestmark = pytest.mark.devices("tpu-v5e")
NO_PROGRAM = (tf.errors.OpError, ValueError)  # TensorFlow: "No registered '...' OpKernel for XLA_CPU_JIT"
IDS = np.array([[7, 8, 9, 0], [7, 0, 0, 0]], np.int32)


@pytest.mark.xfail(raises=NO_PROGRAM, strict=False, reason="XLA has no strings: make ids of them before, in Dataset.map")
def test_strings(compiled):
    """Wrong way: strings in the compiled function."""
    compiled(lambda texts: tf.strings.length(texts), np.array(["a film"], object))


@pytest.mark.xfail(raises=NO_PROGRAM, strict=False, reason="a table's keys are on the host: look up before, in Dataset.map")
def test_table(compiled):
    """Wrong way: a tf.lookup table, such as a vocabulary, in the compiled function."""
    pairs = tf.lookup.KeyValueTensorInitializer([7, 8], [1, 2], tf.int32, tf.int32)
    table = tf.lookup.StaticHashTable(pairs, 0)
    compiled(lambda ids: table.lookup(ids), IDS)


@pytest.mark.xfail(raises=NO_PROGRAM, strict=False, reason="a TPU has no Python: tf.py_function before it, in Dataset.map")
def test_py_function(compiled):
    """Wrong way: tf.py_function in the compiled function."""
    compiled(lambda ids: tf.py_function(lambda rows: rows + 1, [ids], tf.int32), IDS)


@pytest.mark.xfail(raises=NO_PROGRAM, strict=False, reason="a compiled function prints nothing: return the value, print that")
def test_print(compiled):
    """Wrong way: tf.print in the compiled function."""

    def shout(ids):
        tf.print(ids)
        return ids + 1

    compiled(shout, IDS)


def test_assertion(compiled):
    """An assertion in the compiled function is left out, without a word: the TPU never tells of ids that are wrong."""

    def checked(ids):
        tf.debugging.assert_less(ids, 10)
        return ids + 1

    assert compiled(checked, IDS).code_bytes == compiled(lambda ids: ids + 1, IDS).code_bytes


@pytest.mark.xfail(
    raises=NO_PROGRAM, strict=False, reason="how long the longest row is depends on the values: to_tensor(shape=...) before"
)
def test_ragged(compiled):
    """Wrong way: a ragged tensor made dense in the compiled function."""
    compiled(lambda ids: tf.RaggedTensor.from_tensor(ids, padding=0).to_tensor(), IDS)


def test_where(compiled):
    """tf.where(mask), with as many rows as the values say, compiles: a size that isn't known has a bound."""
    assert compiled(lambda ids: tf.where(ids > 0), IDS).dynamic


def test_boolean_mask(compiled):
    """tf.boolean_mask, with as many rows as the values say, compiles: a size that isn't known has a bound."""
    assert compiled(lambda ids: tf.boolean_mask(ids, ids[:, 0] > 0), IDS).dynamic


@pytest.mark.xfail(raises=RuntimeError, strict=False, reason="a chip has as much memory as it has: a smaller batch, more chips")
def test_too_large(compiled):
    """Wrong way: what doesn't fit into the chip's memory; the compiler says how much it takes and how much there is."""

    def scores(rows):
        many = tf.tile(rows, [200000, 1])
        return tf.nn.softmax(tf.matmul(many, many, transpose_b=True))

    compiled(scores, np.ones([8, 128], np.float32))


@pytest.mark.xfail(raises=(RuntimeError, *NO_PROGRAM), strict=False, reason="no TPU transforms complex128: complex64")
def test_complex128(compiled):
    """Wrong way: a Fourier transform of complex128, which a CPU does; the compiler knows no such instruction."""
    compiled(lambda rows: tf.signal.fft(tf.cast(rows, tf.complex128)), np.ones([4, 16], np.float32))
