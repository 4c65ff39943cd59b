"""Fine-tuning any SavedModel: gradients lead to its weights."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.models(format="saved_model_2"), pytest.mark.needs("eager execution")]


def test_gradients(model, checked, assert_finite):
    """The weights used by a call have finite gradients."""
    if not checked.trainable:
        pytest.skip("not tried: the model has no weights that can be trained")
    args, kwargs = checked.arguments()
    loaded = hub.load(model.handle)
    with tf.GradientTape() as tape:
        outputs = [output for output in tf.nest.flatten(loaded(*args, **kwargs)) if output.dtype.is_floating]
        if not outputs:
            pytest.skip("not tried: no output is a floating point number")
        loss = tf.add_n([tf.reduce_sum(tf.cast(output, tf.float32) ** 2) for output in outputs])
    assert_finite(tape.gradient(loss, tape.watched_variables()), outputs)
