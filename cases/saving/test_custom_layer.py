"""Saving a network with a layer of your own, no Hub model in it: how load_model finds the layer's class again."""

import numpy as np
import pytest
import tensorflow as tf

# Shown beside encoders: an environment for text models differs by tensorflow-text, which takes no part.
pytestmark = pytest.mark.models(interface=["dict", "list", "tf1_signature"])
DATA = np.linspace(-1, 1, 20).reshape(2, 10).astype(np.float32)


class Scale(tf.keras.layers.Layer):
    """Known to nobody but this file."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return self.factor * inputs

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


class ScaleWithoutConfig(tf.keras.layers.Layer):
    """An argument, and no get_config that says what it was."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return self.factor * inputs


def network(layer):
    return tf.keras.Sequential([tf.keras.Input([10]), layer, tf.keras.layers.Dense(1)])


def test_custom_objects(save_format, saved, predict):
    """load_model(custom_objects={"Scale": Scale}): the same numbers come out."""
    saved_network = network(Scale(2.0))
    saved_network.save(saved)
    again = tf.keras.models.load_model(saved, custom_objects={"Scale": Scale})
    assert np.array_equal(again.predict_on_batch(DATA), predict(saved_network, DATA))


def test_registered(save_format, saved, predict):
    """A class under @tf.keras.utils.register_keras_serializable: load_model needs no custom_objects."""

    @tf.keras.utils.register_keras_serializable(package="cases")
    class RegisteredScale(Scale):
        pass

    saved_network = network(RegisteredScale(2.0))
    saved_network.save(saved)
    again = tf.keras.models.load_model(saved)
    assert np.array_equal(again.predict_on_batch(DATA), predict(saved_network, DATA))


@pytest.mark.xfail(raises=(ValueError, TypeError), strict=False, reason="name it in custom_objects, or register it")
def test_unregistered_h5(tmp_path):
    """Wrong way: load_model of an .h5 file with a layer that Keras doesn't know."""
    network(Scale(2.0)).save(str(tmp_path / "model.h5"))
    tf.keras.models.load_model(str(tmp_path / "model.h5"))


@pytest.mark.xfail(raises=(ValueError, TypeError), strict=False, reason="name it in custom_objects, or register it")
def test_unregistered_keras(tmp_path):
    """Wrong way: load_model of a .keras file with a layer that Keras doesn't know."""
    network(Scale(2.0)).save(str(tmp_path / "model.keras"))
    tf.keras.models.load_model(str(tmp_path / "model.keras"))


def test_unregistered_savedmodel(predict, tmp_path):
    """load_model of a SavedModel takes a layer that Keras doesn't know from its graph."""
    saved_network = network(Scale(2.0))
    saved_network.save(str(tmp_path / "model"))
    again = tf.keras.models.load_model(str(tmp_path / "model"))
    assert np.array_equal(again.predict_on_batch(DATA), predict(saved_network, DATA))


def test_without_get_config(predict, tmp_path):
    """A layer without get_config: Keras finds out what its __init__ got."""
    saved_network = network(ScaleWithoutConfig(2.0))
    saved_network.save(str(tmp_path / "model.h5"))
    layers = {"ScaleWithoutConfig": ScaleWithoutConfig}
    again = tf.keras.models.load_model(str(tmp_path / "model.h5"), custom_objects=layers)
    assert np.array_equal(again.predict_on_batch(DATA), predict(saved_network, DATA))


@pytest.mark.xfail(
    raises=(ValueError, NotImplementedError, AssertionError), strict=False, reason="no input shape, no weights to save"
)
def test_unbuilt(predict, tmp_path):
    """Wrong way: saving a network that never saw its input's shape."""
    saved_network = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    saved_network.save(str(tmp_path / "model.h5"))
    again = tf.keras.models.load_model(str(tmp_path / "model.h5"))
    assert np.array_equal(again.predict_on_batch(DATA), predict(saved_network, DATA))
