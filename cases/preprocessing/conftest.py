"""What the cases of this folder share: the preprocessing model, loaded once, from a copy that a case may take away."""

import shutil

import pytest
import tensorflow_hub as hub


@pytest.fixture(scope="session")
def handle(model, tmp_path_factory):
    """A folder instead of model.handle."""
    return shutil.copytree(hub.resolve(model.handle), str(tmp_path_factory.mktemp("hub") / "preprocess"))


@pytest.fixture(scope="session")
def layer(handle, tensorflow_text):
    """hub.KerasLayer(handle) after `import tensorflow_text`."""
    return hub.KerasLayer(handle, name="preprocessing")


@pytest.fixture(scope="session")
def preprocess(layer):
    """What hub.load(handle) gives after `import tensorflow_text`: hub.KerasLayer keeps it as resolved_object."""
    return layer.resolved_object
