"""Any length up to the model's positions, any batch: neither padding nor company changes what a text gives."""

import numpy as np
import pytest
import tensorflow as tf

pytestmark = [pytest.mark.models(format="saved_model_2", interface="dict"), pytest.mark.needs("eager execution")]


@pytest.fixture(scope="module")
def encode(encoder, on_device):
    """pooled_output, on the device."""

    @on_device
    def encode(inputs):
        return encoder(inputs)["pooled_output"]

    return encode


def positions(encoder):
    """How many tokens the model can tell apart by place: 512 in the published ones."""
    return next(weight.shape[0] for weight in encoder.weights if "position_embedding" in weight.name)


def text(length, batch=1):
    """One word over and over."""
    ids = np.full([batch, length], 7, np.int32)
    return {"input_word_ids": ids, "input_mask": np.ones_like(ids), "input_type_ids": np.zeros_like(ids)}


def test_lengths(model, encoder):
    """1 token, 2, 3, as many as the model has positions: one vector each."""
    for length in (1, 2, 3, positions(encoder)):
        outputs = encoder(text(length))["sequence_output"].numpy()
        assert outputs.shape == (1, length, model.width)
        assert np.isfinite(outputs).all()


def test_longer_than_positions(encoder, encode):
    """More tokens than positions is an error, not a wrong result."""
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        encode(text(positions(encoder) + 1)).numpy()


@pytest.mark.declared(
    raises="AssertionError",
    match="max abs difference",
    when="(tensorflow>=2.5 and tensorflow<2.8) and device=xla-cpu",
    instead="XLA's fast math adds scores and padding mask first, and loses the scores: XLA_FLAGS=--xla_cpu_enable_fast_math=false",
    proof="cases/encoding/test_masked_softmax.py::test_without_fast_math",
)
def test_padding(model, encode):
    """Padding changes nothing, neither how much nor which ids stand there."""
    ids, mask, types = (model.inputs[name] for name in ("input_word_ids", "input_mask", "input_type_ids"))
    padding = [(0, 0), (0, 24)]
    padded = encode(
        {
            "input_word_ids": np.pad(ids, padding, "constant", constant_values=99),
            "input_mask": np.pad(mask, padding, "constant"),
            "input_type_ids": np.pad(types, padding, "constant"),
        }
    )
    difference = np.abs(padded.numpy() - encode(model.inputs).numpy()).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@pytest.mark.declared(
    raises="AssertionError",
    match="max abs difference",
    when="(tensorflow=2.7 or tensorflow=2.8) and device=xla-cpu",
    instead="XLA's fast math adds scores and padding mask first, and loses the scores: XLA_FLAGS=--xla_cpu_enable_fast_math=false",
    proof="cases/encoding/test_masked_softmax.py::test_without_fast_math",
)
def test_company(model, encode):
    """A text gives the same alone and in a batch with others."""
    together = encode(model.inputs).numpy()
    alone = encode({name: value[:1] for name, value in model.inputs.items()}).numpy()
    difference = np.abs(together[:1] - alone).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_batches(model, encoder):
    """Batches of 1, 7 and 64: each text gives what it gives in the batch of two."""
    pair = encoder(model.inputs)["pooled_output"].numpy()
    for size in (1, 7, 64):
        rows = np.arange(size) % len(pair)
        vectors = encoder({name: value[rows] for name, value in model.inputs.items()})["pooled_output"].numpy()
        difference = np.abs(vectors - pair[rows]).max()
        assert difference <= model.tolerance, f"max abs difference {difference:.3g} in a batch of {size}"


def test_empty_batch(model, encoder):
    """A batch of no texts gives no vectors: [0, width]."""
    outputs = encoder({name: value[:0] for name, value in model.inputs.items()})
    assert outputs["pooled_output"].numpy().shape == (0, model.width)


def test_nothing_but_padding(model, encode):
    """A row of padding only, as fills up a last batch, gives finite numbers."""
    vectors = encode({name: np.zeros_like(value) for name, value in model.inputs.items()})
    assert np.isfinite(vectors.numpy()).all()


def test_twice(model, encode, record_property):
    """The same call gives the same numbers again; not always the same bits."""
    difference = np.abs(encode(model.inputs).numpy() - encode(model.inputs).numpy()).max()
    record_property("drift", float(difference))
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_frozen_has_no_dropout(model, encoder):
    """training=True has no effect while the layer is frozen."""
    training = encoder(model.inputs, training=True)["pooled_output"].numpy()
    difference = np.abs(training - encoder(model.inputs)["pooled_output"].numpy()).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"
