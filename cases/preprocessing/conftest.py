"""What the cases of this folder share: the preprocessing model, loaded once each way."""

import pytest
import tensorflow_hub as hub


@pytest.fixture(scope="session")
def preprocess(model, tensorflow_text):
    """What hub.load(handle) gives after `import tensorflow_text`."""
    return hub.load(model.handle)


@pytest.fixture(scope="session")
def layer(model, tensorflow_text):
    """hub.KerasLayer(handle) after `import tensorflow_text`."""
    return hub.KerasLayer(model.handle, name="preprocessing")
