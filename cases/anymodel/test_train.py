"""Fine-tuning any SavedModel: gradients lead to its weights."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.models(format="saved_model_2"), pytest.mark.usefixtures("eager")]


def test_gradients(model, checked):
    """The weights used by a call have finite gradients."""
    if not checked.trainable:
        pytest.skip("the model has no weights that can be trained")
    args, kwargs = checked.arguments()
    loaded = hub.load(model.handle)
    with tf.GradientTape() as tape:
        outputs = [one for one in tf.nest.flatten(loaded(*args, **kwargs)) if one.dtype.is_floating]
        if not outputs:
            pytest.skip("no output is a floating point number")
        loss = tf.add_n([tf.reduce_sum(tf.cast(one, tf.float32) ** 2) for one in outputs])
    gradients = tape.gradient(loss, tape.watched_variables())
    found = [tf.convert_to_tensor(one).numpy() for one in gradients if one is not None]
    assert found
    assert all(np.isfinite(one).all() for one in found)
