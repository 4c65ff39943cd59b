"""Batch and length: every pair of them is a program of its own."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.devices("tpu-v5e"), pytest.mark.models(format="saved_model_2", interface="dict")]


@pytest.fixture
def encode(loaded):
    encoder = hub.KerasLayer(loaded)
    return lambda inputs: encoder(inputs)["pooled_output"]


def texts(batch, length):
    """One word over and over."""
    ids = np.full([batch, length], 7, np.int32)
    return {"input_word_ids": ids, "input_mask": np.ones_like(ids), "input_type_ids": np.zeros_like(ids)}


def positions(loaded):
    """How many tokens a text may have."""
    return next(weight.shape[0] for weight in loaded.variables if "position_embedding" in weight.name)


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="No registered 'Einsum' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.1",
    instead="XLA has tf.einsum, which these encoders are made of, from TensorFlow 2.1 on: compile with that",
    link="docs/tpu.md",
)
@pytest.mark.parametrize(("batch", "length"), [(8, 64), (8, "all"), (128, 16)])
def test_batch_and_length(loaded, encode, compiled, batch, length):
    """Batches of 8 and 128 texts, of 16 tokens up to as many as the model has positions, compile."""
    compiled(encode, texts(batch, positions(loaded) if length == "all" else length))


def test_longer_than_positions(loaded, encode, compiled):
    """More tokens than positions: no program, for sizes are known before anything runs."""
    with pytest.raises((ValueError, tf.errors.OpError)):
        compiled(encode, texts(2, positions(loaded) + 1))


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="No registered 'Einsum' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.1",
    instead="XLA has tf.einsum, which these encoders are made of, from TensorFlow 2.1 on: compile with that",
    link="docs/tpu.md",
)
def test_unknown_sizes(encode, compiled):
    """An input_signature of [None, None] leaves nothing open: it is traced once, and compiled for the sizes that come."""
    open_sizes = {name: tf.TensorSpec([None, None], tf.int32, name=name) for name in texts(1, 1)}
    traced = []

    @tf.function(input_signature=[open_sizes])
    def function(inputs):
        traced.append(inputs)
        return encode(inputs)

    programs = [compiled(function, texts(8, 64)), compiled(function, texts(4, 32))]
    assert [program.dynamic for program in programs] == [False, False]
    assert programs[0].digest != programs[1].digest
    assert len(traced) == 1


def digests(compiled, written, function, dataset):
    """Of the programs that a function needs for all batches."""
    first, *others = dataset
    program = written(function, first)
    return {compiled(program).digest, *(compiled(program.again(batch)).digest for batch in others)}


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="No registered 'Einsum' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.1",
    instead="XLA has tf.einsum, which these encoders are made of, from TensorFlow 2.1 on: compile with that",
    link="docs/tpu.md",
)
@pytest.mark.needs("eager execution")
def test_last_batch(encode, compiled, written, record_property):
    """10 texts in batches of 4, the last of 2: two programs."""
    dataset = tf.data.Dataset.from_tensor_slices(texts(10, 16)).batch(4)
    programs = digests(compiled, written, encode, dataset)
    record_property("programs", len(programs))
    assert len(programs) == 2


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="No registered 'Einsum' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.1",
    instead="XLA has tf.einsum, which these encoders are made of, from TensorFlow 2.1 on: compile with that",
    link="docs/tpu.md",
)
@pytest.mark.needs("eager execution")
def test_last_batch_dropped(encode, compiled, written, record_property):
    """The same with drop_remainder=True: one program."""
    dataset = tf.data.Dataset.from_tensor_slices(texts(10, 16)).batch(4, drop_remainder=True)
    programs = digests(compiled, written, encode, dataset)
    record_property("programs", len(programs))
    assert len(programs) == 1
