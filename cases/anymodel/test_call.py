"""Calling any model: outputs are what its files promise, and the same each time. Whether they are right is not known here."""

from functools import lru_cache

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.models(format=["saved_model_2", "hub"]), pytest.mark.needs("eager execution")]


@lru_cache(maxsize=None)  # one model serves all cases of this file
def loaded(model):
    return hub.load(model.handle)


def test_signature(model, signature, on_device):
    """A signature gives outputs of the names, types and shapes that it promises."""
    inputs = signature.inputs()
    function = loaded(model).signatures[signature.name]
    outputs = on_device(lambda given: function(**given))(inputs)
    assert set(outputs) == set(signature.outputs)
    for name, (dtype, shape) in signature.outputs.items():
        assert outputs[name].dtype.name == dtype
        assert tf.TensorShape(shape).is_compatible_with(outputs[name].shape)


def test_signature_twice(model, signature, on_device, assert_same):
    """Called twice with the same inputs, a signature gives the same outputs."""
    inputs = signature.inputs()
    function = loaded(model).signatures[signature.name]
    call = on_device(lambda given: function(**given))
    assert_same(call(inputs), call(inputs), signature.random)


def test_object(model, checked, on_device):
    """The object itself can be called."""
    args, kwargs = checked.arguments()
    function = loaded(model)
    outputs = on_device(lambda some, named: function(*some, **named))(args, kwargs)
    assert tf.nest.flatten(outputs)
