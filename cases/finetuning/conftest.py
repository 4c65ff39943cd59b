import pytest
import tensorflow as tf


@pytest.fixture
def to_train(loaded):
    """hub.load(model.handle) for a case that trains it: afterwards the weights are what they were."""
    before = [variable.numpy() for variable in loaded.variables] if tf.executing_eagerly() else []
    yield loaded
    for variable, value in zip(loaded.variables, before):
        variable.assign(value)
