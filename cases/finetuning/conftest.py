import numpy as np
import pytest
import tensorflow as tf


@pytest.fixture
def to_train(loaded):
    """hub.load(model.handle) for a case that trains it: afterwards the weights are what they were."""
    before = [variable.numpy() for variable in loaded.variables] if tf.executing_eagerly() else []
    yield loaded
    for variable, value in zip(loaded.variables, before):
        variable.assign(value)


@pytest.fixture(scope="session")
def unmoved():
    """unmoved(weights, before, after) names those that are what they were, but for those that no training moves.

    weights         variables, or their names
    before, after   their values, arrays in the same order; without `after` those of the variables

    A key's bias adds the same number to all scores of a word, and softmax takes it out again: its gradient is zero, and what it
    moves by is rounding.
    """

    def unmoved(weights, before, after=None):
        names = [getattr(weight, "name", weight) for weight in weights]
        pairs = zip(names, before, weights if after is None else after)
        still = [name for name, old, new in pairs if np.array_equal(old, np.array(new))]
        return [name for name in still if "key/bias" not in name.replace("key_bias", "key/bias")]

    return unmoved
