"""What the cases of this folder share: the preprocessing model, loaded once."""

import pytest
import tensorflow_hub as hub


@pytest.fixture(scope="session")
def preprocess(model, tensorflow_text):
    """What hub.load(handle) gives after `import tensorflow_text`."""
    return hub.load(model.handle)
