"""Dropout is part of what was exported: training=True switches it on, where there is any."""

import numpy as np
import pytest


@pytest.fixture
def pooled(model, loaded):
    """pooled(training), a vector for each text."""

    def pooled(training):
        if model.interface == "list":
            return loaded(list(model.inputs.values()), training=training)[0].numpy()
        return loaded(model.inputs, training=training)["pooled_output"].numpy()

    return pooled


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
