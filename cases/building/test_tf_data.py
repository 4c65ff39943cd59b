"""A model fed by tf.data."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.models(format="saved_model_2", interface="dict"),
    pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer"),  # not in Keras 3, see test_keras_3.py
]


def classifier(model, loaded):
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(hub.KerasLayer(loaded)(inputs)["pooled_output"]))


def test_predict(model, loaded, right):
    """predict takes a tf.data.Dataset of dicts, in batches."""
    network = classifier(model, loaded)
    assert network.predict(tf.data.Dataset.from_tensor_slices(model.inputs).batch(1)) == right(network.layers[-1])


@pytest.mark.declared(
    raises="AssertionError",
    match="32 texts instead of 2",
    when="tensorflow<2.7",
    instead="each id became a text of its own: dataset.batch(32)",
    proof="cases/building/test_tf_data.py::test_predict",
)
@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+shape=\(\d+,\)",
    when="tensorflow>=2.7",
    instead="the model takes rows of ids, a batch: dataset.batch(32)",
    proof="cases/building/test_tf_data.py::test_predict",
)
def test_without_batch(model, loaded):
    """Wrong way: a tf.data.Dataset of single texts."""
    count = len(classifier(model, loaded).predict(tf.data.Dataset.from_tensor_slices(model.inputs)))
    assert count == 2, f"{count} texts instead of 2"
