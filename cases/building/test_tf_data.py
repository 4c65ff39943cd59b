"""A model fed by tf.data."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


def classifier(model, loaded):
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(hub.KerasLayer(loaded)(inputs)["pooled_output"]))


def test_predict(model, loaded):
    """predict takes a tf.data.Dataset of dicts, in batches."""
    dataset = tf.data.Dataset.from_tensor_slices(model.inputs).batch(1)
    assert classifier(model, loaded).predict(dataset).shape == (2, 1)


@pytest.mark.xfail(
    raises=(AssertionError, ValueError), strict=False, reason="each id becomes a text of its own, or it fails: dataset.batch(32)"
)
def test_without_batch(model, loaded):
    """Wrong way: a tf.data.Dataset of single texts."""
    assert classifier(model, loaded).predict(tf.data.Dataset.from_tensor_slices(model.inputs)).shape == (2, 1)
