"""What a file loads once serves all of its cases."""

import pytest
import tensorflow as tf


@pytest.fixture(scope="module", autouse=True)
def fresh():
    """A new default graph for each file, not for each case: in TF1 what was loaded belongs to the graph of that time."""
    tf.keras.backend.clear_session()
