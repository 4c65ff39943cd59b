"""Dropout is part of what was exported: training=True switches it on, where there is any."""

import numpy as np
import pytest
import tensorflow as tf


@pytest.fixture
def pooled(model, loaded):
    """pooled(training), a vector for each text."""

    def pooled(training):
        if model.interface == "list":
            return loaded(list(model.inputs.values()), training=training)[0].numpy()
        return loaded(model.inputs, training=training)["pooled_output"].numpy()

    return pooled


@pytest.mark.declared(
    raises="AssertionError",
    match="no dropout",
    when="model in (albert-en/2, albert-en/3, bert-en/1)",
    instead="its publisher exported it without dropout: put a Dropout layer above it",
    proof="cases/finetuning/test_dropout.py::test_layer_above",
)
@pytest.mark.needs("eager execution")
@pytest.mark.models(format="saved_model_2", interface=["dict", "list"])
def test_training(model, pooled, record_property):
    """With training=True the same texts give other numbers each time."""
    difference = float(np.abs(pooled(True) - pooled(True)).max())
    record_property("dropout", difference)
    assert model.tolerance < difference < np.inf, "no dropout"


@pytest.mark.needs("eager execution")
@pytest.mark.models(format="saved_model_2", interface=["dict", "list"])
def test_not_training(model, pooled):
    """With training=False, the default, they give the same numbers."""
    assert np.abs(pooled(False) - pooled(False)).max() <= model.tolerance


@pytest.mark.needs("eager execution")
@pytest.mark.models(format="saved_model_2", interface=["dict", "list"])
def test_layer_above(pooled):
    """A Dropout layer above the encoder: with training=True the same texts give other numbers each time."""
    dropped = tf.keras.layers.Dropout(0.5)
    vectors = pooled(False)
    assert not np.array_equal(dropped(vectors, training=True).numpy(), dropped(vectors, training=True).numpy())
