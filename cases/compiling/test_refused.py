"""What can't be compiled for a TPU, and who says so: TensorFlow, when it makes the program, or the compiler."""

import numpy as np
import pytest
import tensorflow as tf

pytestmark = pytest.mark.devices("tpu-v5e")
IDS = np.array([[7, 8, 9, 0], [7, 0, 0, 0]], np.int32)


@pytest.mark.declared(
    raises=("OpError", "ValueError"),
    match="No registered '_Arg' OpKernel for XLA_CPU_JIT",
    instead="XLA has no strings: make ids of them before, in Dataset.map",
    proof="cases/compiling/test_refused.py::test_before",
)
def test_strings(compiled):
    """Wrong way: strings in the compiled function."""
    compiled(lambda texts: tf.strings.length(texts), np.array(["a film"], object))


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="Trying to access resource using the wrong type.*LookupInterface",
    when="tensorflow<2.1",
    instead="a table's keys are on the host: look up before, in Dataset.map",
)
@pytest.mark.declared(
    raises=("OpError", "ValueError"),
    match="No registered 'LookupTableFindV2' OpKernel for XLA_CPU_JIT",
    instead="a table's keys are on the host: look up before, in Dataset.map",
    proof="cases/compiling/test_refused.py::test_before",
)
def test_table(compiled):
    """Wrong way: a tf.lookup table, such as a vocabulary, in the compiled function."""
    pairs = tf.lookup.KeyValueTensorInitializer([7, 8], [1, 2], tf.int32, tf.int32)
    table = tf.lookup.StaticHashTable(pairs, 0)
    compiled(lambda ids: table.lookup(ids), IDS)


@pytest.mark.declared(
    raises=("OpError", "ValueError"),
    match="No registered 'EagerPyFunc' OpKernel for XLA_CPU_JIT",
    instead="a TPU has no Python: tf.py_function before it, in Dataset.map",
    proof="cases/compiling/test_refused.py::test_before",
)
def test_py_function(compiled):
    """Wrong way: tf.py_function in the compiled function."""
    compiled(lambda ids: tf.py_function(lambda rows: rows + 1, [ids], tf.int32), IDS)


@pytest.mark.declared(
    raises=("OpError", "ValueError"),
    match="No registered 'StringFormat' OpKernel for XLA_CPU_JIT",
    instead="a compiled function prints nothing: return the value, and print that",
)
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

    assert compiled(checked, IDS).digest == compiled(lambda ids: ids + 1, IDS).digest


@pytest.mark.declared(
    raises=("OpError", "ValueError"),
    match="No registered '(RaggedTensorToTensor|Cumsum|Switch|Where)' OpKernel for XLA_CPU_JIT",
    instead="how long the longest row is depends on the values: to_tensor(shape=...) before, in Dataset.map",
    proof="cases/compiling/test_refused.py::test_before",
)
def test_ragged(compiled):
    """Wrong way: a ragged tensor made dense in the compiled function."""
    compiled(lambda ids: tf.RaggedTensor.from_tensor(ids, padding=0).to_tensor(), IDS)


@pytest.mark.declared(
    raises=("InvalidArgumentError", "ValueError"),
    match="No registered 'Where' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.8",
    instead="before TensorFlow 2.8 give the rows that don't count the weight 0, instead of leaving them out",
    proof="cases/compiling/test_refused.py::test_weights_in_place_of_a_mask",
)
def test_where(compiled):
    """tf.where(mask), with as many rows as the values say, compiles: a size that isn't known has a bound."""
    assert compiled(lambda ids: tf.where(ids > 0), IDS).dynamic


@pytest.mark.declared(
    raises=("InvalidArgumentError", "ValueError"),
    match="No registered 'Where' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.8",
    instead="before TensorFlow 2.8 give the rows that don't count the weight 0, instead of leaving them out",
    proof="cases/compiling/test_refused.py::test_weights_in_place_of_a_mask",
)
def test_boolean_mask(compiled):
    """tf.boolean_mask, with as many rows as the values say, compiles: a size that isn't known has a bound."""
    assert compiled(lambda ids: tf.boolean_mask(ids, ids[:, 0] > 0), IDS).dynamic


@pytest.mark.declared(
    raises="Refused",
    match="Ran out of memory on HBM",
    instead="a chip has as much memory as it has: a smaller batch, or more chips",
    proof="cases/compiling/test_refused.py::test_small_enough",
)
def test_too_large(compiled):
    """Wrong way: what doesn't fit into the chip's memory; the compiler says how much it takes and how much there is."""

    compiled(scores(200000), np.ones([8, 128], np.float32))


def test_small_enough(compiled):
    """The same with a ten-thousandth of the rows compiles."""
    compiled(scores(20), np.ones([8, 128], np.float32))


def scores(times):
    """Of each row against each other, `times` as many as are given."""

    def scores(rows):
        many = tf.tile(rows, [times, 1])
        return tf.nn.softmax(tf.matmul(many, many, transpose_b=True))

    return scores


@pytest.mark.declared(
    raises=("InvalidArgumentError", "ValueError"),
    match="No registered 'FFT' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.8",
    instead="no TPU transforms complex128: cast to complex64",
    proof="cases/compiling/test_refused.py::test_complex64",
)
@pytest.mark.declared(
    raises="Refused",
    match="Unexpected operand type for FFT: c128",
    instead="no TPU transforms complex128: cast to complex64",
    proof="cases/compiling/test_refused.py::test_complex64",
)
def test_complex128(compiled):
    """Wrong way: a Fourier transform of complex128, which a CPU does; the compiler knows no such instruction."""
    compiled(lambda rows: tf.signal.fft(tf.cast(rows, tf.complex128)), np.ones([4, 16], np.float32))


def test_complex64(compiled):
    """A Fourier transform of complex64 compiles."""
    compiled(lambda rows: tf.signal.fft(tf.cast(rows, tf.complex64)), np.ones([4, 16], np.float32))


def test_weights_in_place_of_a_mask(compiled):
    """Rows that don't count, given the weight 0: all sizes are known, and it compiles."""
    program = compiled(lambda ids: ids * tf.cast(ids[:, :1] > 0, tf.int32), IDS)
    assert not program.dynamic


@pytest.mark.declared(
    raises="TypeError",
    match=r"to_tensor\(\) got an unexpected keyword argument 'shape'",
    when="tensorflow=2.0",
    instead="to_tensor of TensorFlow 2.0 has no shape=: to_tensor(), and tf.pad to the length that is wanted",
)
@pytest.mark.needs("eager execution")
def test_before(compiled):
    """Strings, tables, Python and ragged rows in Dataset.map, on the host: what computes on the ids that it gives compiles."""
    pairs = tf.lookup.KeyValueTensorInitializer(["a", "film"], [1, 2], tf.string, tf.int32)
    table = tf.lookup.StaticHashTable(pairs, 0)

    def ids_of(texts):
        ids = tf.ragged.map_flat_values(table.lookup, tf.strings.split(texts)).to_tensor(shape=[None, 4])
        (ids,) = tf.py_function(lambda rows: [rows + 1], [ids], [tf.int32])
        ids.set_shape([2, 4])
        return ids

    (ids,) = tf.data.Dataset.from_tensor_slices(["a film", "film"]).batch(2).map(ids_of)
    assert ids.numpy().tolist() == [[2, 3, 1, 1], [3, 1, 1, 1]]
    compiled(lambda ids: ids + 1, ids)
