"""Models that Keras saved, whole: .keras and .h5 files, and Keras' SavedModels."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.models(format=["keras_file", "saved_model_2"]), pytest.mark.usefixtures("eager")]


@pytest.fixture
def network(model, checked):
    """Loads the model as its author would, without compiling it; hub.KerasLayer is the one class that is named."""
    if not checked.keras:
        pytest.skip("it was not saved by Keras")
    path = model.handle if model.format == "keras_file" else hub.resolve(model.handle)
    return lambda: tf.keras.models.load_model(path, custom_objects={"KerasLayer": hub.KerasLayer}, compile=False)


def fed(signature):
    """What goes into network(...): one array, or arrays by the names of the inputs."""
    inputs = signature.inputs()
    return inputs if len(inputs) != 1 else next(iter(inputs.values()))


def test_load_model(network):
    """tf.keras.models.load_model loads it."""
    assert network().layers is not None


def test_call(network, signature, on_device):
    """The loaded network can be called, and gives the same twice."""
    loaded, inputs = network(), fed(signature)
    call = on_device(lambda given: loaded(given, training=False))
    first, second = call(inputs), call(inputs)
    for one, other in zip(tf.nest.flatten(first), tf.nest.flatten(second)):
        assert np.array_equal(one.numpy(), other.numpy())


def test_gradients(network, signature):
    """The network's trainable weights have finite gradients."""
    loaded, inputs = network(), fed(signature)
    with tf.GradientTape() as tape:
        outputs = tf.nest.flatten(loaded(inputs, training=True))
        loss = tf.add_n([tf.reduce_sum(tf.cast(one, tf.float32) ** 2) for one in outputs])
    weights = loaded.trainable_variables
    if not weights:
        pytest.skip("the network has no weights that can be trained")
    gradients = [one for one in tape.gradient(loss, weights) if one is not None]
    assert gradients
    assert all(np.isfinite(tf.convert_to_tensor(one).numpy()).all() for one in gradients)


def test_save_and_reload(network, signature, save_format, saved):
    """Saved in a format and loaded again, the network gives the same values."""
    loaded, inputs = network(), fed(signature)
    before = loaded(inputs, training=False)
    loaded.save(saved)
    again = tf.keras.models.load_model(saved, custom_objects={"KerasLayer": hub.KerasLayer}, compile=False)
    for one, other in zip(tf.nest.flatten(before), tf.nest.flatten(again(inputs, training=False))):
        difference = np.abs(one.numpy() - other.numpy()).max()
        assert difference <= 1e-5, f"max abs difference {difference:.3g}"
