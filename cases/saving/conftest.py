"""One model serves all cases of this folder: it's loaded once."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub


@pytest.fixture(scope="session")
def encoder(model, request):
    """hub.KerasLayer(model.handle)."""
    return request.getfixturevalue("layer") if tf.executing_eagerly() else hub.KerasLayer(model.handle)


@pytest.fixture(scope="session", autouse=True)
def fresh():
    """No new default graph for each case: in TF1 the model belongs to the graph that it was loaded in."""
