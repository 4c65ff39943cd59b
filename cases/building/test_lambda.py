"""A Lambda around hub.load."""

import pytest
import tensorflow as tf

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


def classifier(model, loaded):
    inputs = {name: tf.keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    encode = tf.keras.layers.Lambda(lambda features: loaded(features)["pooled_output"], output_shape=(model.width,))
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(encode(inputs)))


@pytest.mark.declared(
    raises="NotFoundError",
    match="Resource localhost/.* does not exist",
    when="tensorflow<2",
    instead="Keras of TensorFlow 1 initializes the weights of its own layers only: hub.KerasLayer",
    proof="cases/building/test_functional.py::test_predict",
)
def test_predict(model, loaded, right):
    """A Lambda around hub.load, in a functional model: predict gives the right numbers."""
    network = classifier(model, loaded)
    assert network.predict(model.inputs) == right(network.layers[-1])


@pytest.mark.declared(
    raises="AssertionError",
    match=r"2 of \d+ weights",
    when="tensorflow>=2.16 and keras=default",
    instead="a Lambda has no weights, so fit trains the head alone: tf.keras.layers.TFSMLayer has them",
    proof="cases/building/test_tfsm_layer.py::test_predict",
)
@pytest.mark.declared(
    raises="AssertionError",
    match=r"2 of \d+ weights",
    when="tensorflow<2.16 or keras=legacy",
    instead="a Lambda has no weights, so fit trains the head alone: hub.KerasLayer(handle, trainable=True) has them",
    proof="cases/building/test_subclassed.py::test_weights",
)
def test_weights(model, loaded):
    """Wrong way: a Lambda around hub.load, for fine-tuning."""
    network = classifier(model, loaded)
    count = len(loaded.trainable_variables) + 2  # the head's
    assert len(network.trainable_weights) == count, f"{len(network.trainable_weights)} of {count} weights"
