"""One model serves all cases of this folder: it's loaded once, from a copy that a case may take away."""

import shutil

import pytest
import tensorflow_hub as hub


@pytest.fixture(scope="session")
def handle(model, tmp_path_factory):
    """A folder instead of model.handle."""
    return shutil.copytree(hub.resolve(model.handle), str(tmp_path_factory.mktemp("hub") / "bert"))


@pytest.fixture(scope="session")
def encoder(handle):
    return hub.KerasLayer(handle)


@pytest.fixture(scope="session", autouse=True)
def fresh():
    """No new default graph for each case: in TF1 the model belongs to the graph that it was loaded in."""
