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


@pytest.fixture(scope="session")
def predict():
    """predict(network, rows) is network.predict_on_batch(rows), eagerly where TensorFlow can: tracing takes ten times as long.

    For the network that was saved. What was reloaded is asked as users ask it, by its own predict_on_batch.
    """

    def predict(network, rows):
        network.run_eagerly = tf.executing_eagerly()
        return network.predict_on_batch(rows)

    return predict


@pytest.fixture
def elsewhere(monkeypatch, tmp_path_factory):
    """elsewhere() is where the Hub model can't be had: another current folder, an empty Hub cache, no network."""

    def go():
        empty = str(tmp_path_factory.mktemp("empty"))
        monkeypatch.chdir(empty)
        monkeypatch.setenv("TFHUB_CACHE_DIR", empty)
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # refuses at once

    return go
