"""Mixed precision of Keras and a Hub encoder: the SavedModel's float32 stays float32.

hub.KerasLayer takes a handle, or what hub.load gave for it; here the second, which need not load it again.
"""

from contextlib import contextmanager

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.models(format="saved_model_2", interface="dict"), pytest.mark.needs("eager execution")]


def set_policy(name):
    """tf.keras.mixed_precision from TensorFlow 2.4 on, its experimental forerunner before."""
    if hasattr(tf.keras.mixed_precision, "set_global_policy"):
        tf.keras.mixed_precision.set_global_policy(name)
    else:
        tf.keras.mixed_precision.experimental.set_policy(name)


@contextmanager
def policy(name):
    set_policy(name)
    try:
        yield
    finally:
        set_policy("float32")


@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.declared(
    raises="ValueError",
    match="variable must be a floating point variable but has type: bool",
    when="tensorflow=2.0",
    instead="Keras makes no hub.KerasLayer under such a policy: make the encoder first, then set the policy",
    proof="cases/encoding/test_mixed_precision.py::test_policy_after_the_encoder",
)
def test_encoder_stays_float32(model, encoder, name):
    """Under mixed_float16 and mixed_bfloat16 hub.KerasLayer computes in float32: nothing gained, nothing lost."""
    with policy(name):
        pooled = hub.KerasLayer(encoder.resolved_object)(model.inputs)["pooled_output"]
    assert pooled.dtype == tf.float32
    assert pooled.numpy() == pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)


@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.declared(
    raises="ValueError",
    match="variable must be a floating point variable but has type: bool",
    when="tensorflow=2.0",
    instead="Keras makes no hub.KerasLayer under such a policy: make the encoder first, then set the policy",
    proof="cases/encoding/test_mixed_precision.py::test_policy_after_the_encoder",
)
def test_head_is_half(model, encoder, name):
    """Keras' own layers after it compute in float16 or bfloat16, under the same policy."""
    with policy(name):
        pooled = hub.KerasLayer(encoder.resolved_object)(model.inputs)["pooled_output"]
        assert tf.keras.layers.Dense(1)(pooled).dtype == name.replace("mixed_", "")


def test_policy_after_the_encoder(model, encoder):
    """The policy set after hub.KerasLayer was made: the encoder gives float32, Keras' own layers after it compute in half."""
    with policy("mixed_bfloat16"):
        pooled = encoder(model.inputs)["pooled_output"]
        assert pooled.numpy() == pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)
        assert tf.keras.layers.Dense(1)(pooled).dtype == "bfloat16"


@pytest.mark.declared(
    raises="AssertionError",
    match="float32 comes out",
    instead="the SavedModel's weights and ops are float32, whatever Keras is told: cast what comes out",
    proof="cases/encoding/test_mixed_precision.py::test_policy_after_the_encoder",
)
def test_dtype_argument(model, encoder):
    """Wrong way: hub.KerasLayer(handle, dtype="float16") to get a model of half the size."""
    pooled = hub.KerasLayer(encoder.resolved_object, dtype="float16")(model.inputs)["pooled_output"]
    assert pooled.dtype == tf.float16, f"{pooled.dtype.name} comes out"
