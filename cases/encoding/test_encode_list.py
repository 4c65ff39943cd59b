"""Encoding with a TF2 SavedModel of the older kind: a list goes in, a list comes out, and order is all that counts."""

import numpy as np
import pytest
import tensorflow as tf

pytestmark = pytest.mark.models(format="saved_model_2", interface="list")
EAGER = pytest.mark.needs("eager execution")


@pytest.fixture
def ids(model):
    return tf.constant(model.inputs["input_word_ids"])


@pytest.fixture
def mask(model):
    return tf.constant(model.inputs["input_mask"])


@pytest.fixture
def types(model):
    return tf.constant(model.inputs["input_type_ids"])


@pytest.fixture(scope="module")
def outputs(model, encoder, on_device):
    @on_device
    def encode(inputs):
        return encoder(inputs)

    return encode([tf.constant(model.inputs[name]) for name in ("input_word_ids", "input_mask", "input_type_ids")])


def test_shapes(model, outputs):
    """[ids, mask, type ids] give [pooled, sequence]: [batch, width] and [batch, length, width]."""
    pooled, sequence = outputs
    batch, length = model.inputs["input_mask"].shape
    assert pooled.shape == (batch, model.width)
    assert sequence.shape == (batch, length, model.width)


@EAGER
@pytest.mark.declared(
    raises="AssertionError",
    match="max abs difference",
    when="tensorflow<2.9 and device=xla-cpu",
    instead="XLA's fast math adds scores and padding mask first, and loses the scores: XLA_FLAGS=--xla_cpu_enable_fast_math=false",
    proof="cases/encoding/test_masked_softmax.py::test_without_fast_math",
)
@pytest.mark.task("encode")
def test_pooled_values(model, outputs, record_property):
    """The first output has the values that the publisher's TensorFlow gave, in another process."""
    difference = np.abs(outputs[0].numpy() - model.outputs["pooled_output"]).max()
    record_property("drift", float(difference))
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@EAGER
@pytest.mark.declared(
    raises="AssertionError",
    match="max abs difference",
    when="tensorflow<2.9 and device=xla-cpu",
    instead="XLA's fast math adds scores and padding mask first, and loses the scores: XLA_FLAGS=--xla_cpu_enable_fast_math=false",
    proof="cases/encoding/test_masked_softmax.py::test_without_fast_math",
)
def test_sequence_values(model, outputs, record_property):
    """The second output has the values that the publisher's TensorFlow gave, in another process."""
    difference = np.abs(outputs[1].numpy() - model.outputs["sequence_output"]).max()
    record_property("drift", float(difference))
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@EAGER
def test_padding(model, encoder, ids, mask, types):
    """Padding changes nothing."""
    short, _ = encoder([ids[1:, :7], mask[1:, :7], types[1:, :7]])
    padded, _ = encoder([ids[1:], mask[1:], types[1:]])
    difference = np.abs(short.numpy() - padded.numpy()).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@EAGER
def test_type_ids_of_zero(model, encoder, ids, mask, types):
    """One text a row, no pairs: zeros serve as type ids. A text that has none of its own gives its published vector."""
    alone = types.numpy().sum(axis=1) == 0
    assert alone.any()
    pooled, _ = encoder([ids, mask, tf.zeros_like(types)])
    assert pooled.numpy()[alone] == pytest.approx(model.outputs["pooled_output"][alone], abs=model.tolerance)


@EAGER
@pytest.mark.declared(
    raises="AssertionError",
    match="other numbers, without a word",
    instead="the order is ids, mask, type ids; nothing checks it",
    proof="cases/encoding/test_encode_list.py::test_pooled_values",
)
def test_mask_and_types_swapped(model, encoder, ids, mask, types):
    """Wrong way: ids, type ids, mask. No error, other numbers."""
    right, _ = encoder([ids, mask, types])
    swapped, _ = encoder([ids, types, mask])
    difference = np.abs(swapped.numpy() - right.numpy()).max()
    assert difference <= model.tolerance, f"other numbers, without a word: max abs difference {difference:.3g}"


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+\* {'input_\w+': <tf\.Tensor",
    instead="this model takes a list: [ids, mask, type ids]",
    proof="cases/encoding/test_encode_list.py::test_pooled_values",
)
def test_dict(model, encoder):
    """Wrong way: a dict, as version 3 of the same model takes it."""
    encoder({name: tf.constant(value) for name, value in model.inputs.items()})


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+\* \[<tf\.Tensor [^>]+>,\s+<tf\.Tensor [^>]+>\]",
    instead="all three are needed: zeros serve as type ids",
    proof="cases/encoding/test_encode_list.py::test_type_ids_of_zero",
)
def test_list_of_two(encoder, ids, mask):
    """Wrong way: encoder([input_ids, attention_mask])."""
    encoder([ids, mask])


@pytest.mark.declared(
    raises="TypeError",
    match=r"call\(\) takes from 2 to 3 positional arguments but 4 were given",
    instead="one argument, a list: encoder([ids, mask, type_ids])",
    proof="cases/encoding/test_encode_list.py::test_pooled_values",
)
def test_three_arguments(encoder, ids, mask, types):
    """Wrong way: three positional arguments."""
    encoder(ids, mask, types)


@pytest.mark.declared(
    raises="TypeError",
    match="list indices must be integers or slices, not str",
    instead="the outputs are a list: pooled, sequence = encoder(...)",
    proof="cases/encoding/test_encode_list.py::test_pooled_values",
)
def test_output_by_name(encoder, ids, mask, types):
    """Wrong way: outputs["pooled_output"], as with version 3 of the same model."""
    encoder([ids, mask, types])["pooled_output"]


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+shape=\(2,\),? dtype=string",
    instead="an encoder takes ids, made with its own vocabulary",
    proof="cases/encoding/test_encode_list.py::test_pooled_values",
)
def test_text(encoder):
    """Wrong way: strings handed to the encoder."""
    encoder(tf.constant(["this film was good", "the worst movie"]))
