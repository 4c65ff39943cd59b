"""One model serves all cases of this folder: it's loaded once."""

import pytest
import tensorflow_hub as hub


@pytest.fixture(scope="session")
def encoder(model):
    return hub.KerasLayer(model.handle)


@pytest.fixture(scope="session", autouse=True)
def fresh():
    """No new default graph for each case: in TF1 the model belongs to the graph that it was loaded in."""
