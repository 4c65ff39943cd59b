"""Loading and tf.function. One kind of model is enough to see it; list models load fast."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.models(format="saved_model_2", interface="list"), pytest.mark.needs("eager execution")]


def test_call_inside(model, loaded):
    """Load outside, call inside of a tf.function: the right values."""

    @tf.function
    def encode(inputs):
        return loaded(inputs)[0]

    pooled = encode([tf.constant(rows) for rows in model.inputs.values()])
    assert pooled.numpy() == pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)


def test_load_inside(model):
    """hub.load inside of a tf.function works too: it loads while the function is traced, not at every call."""
    loaded = []

    @tf.function
    def encode(inputs):
        loaded.append(hub.load(model.handle))
        return loaded[-1](inputs)[0]

    inputs = [tf.constant(rows) for rows in model.inputs.values()]
    encode(inputs)
    times = len(loaded)
    assert encode(inputs).numpy() == pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)
    assert len(loaded) == times
