"""Calling any model: outputs are what its files promise, and the same each time. Whether they are right is not known here."""

from functools import lru_cache

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.models(format=["saved_model_2", "hub"]), pytest.mark.usefixtures("eager")]


@lru_cache(maxsize=None)  # one model serves all cases of this file
def loaded(model):
    return hub.load(model.handle)


def test_signature(model, signature, on_device):
    """A signature gives outputs of the names, types and shapes that it promises."""
    function, inputs = loaded(model).signatures[signature.name], signature.inputs()
    outputs = on_device(lambda given: function(**given))(inputs)
    assert set(outputs) == set(signature.outputs)
    for name, (dtype, shape) in signature.outputs.items():
        assert outputs[name].dtype.name == dtype
        assert tf.TensorShape(shape).is_compatible_with(outputs[name].shape)


def test_signature_twice(model, signature, on_device):
    """Called twice with the same inputs, a signature gives the same outputs."""
    function, inputs = loaded(model).signatures[signature.name], signature.inputs()
    call = on_device(lambda given: function(**given))
    first, second = call(inputs), call(inputs)
    for name in first:
        assert np.array_equal(first[name].numpy(), second[name].numpy()), name


def test_object(model, checked, on_device):
    """The object itself can be called."""
    args, kwargs = checked.arguments()
    function = loaded(model)
    outputs = on_device(lambda some, named: function(*some, **named))(args, kwargs)
    assert tf.nest.flatten(outputs)
