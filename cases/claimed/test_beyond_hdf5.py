"""A layer that an .h5 file can't hold: its argument is an array, and it has no get_config."""

import numpy as np
import pytest
import tensorflow as tf

# Shown beside encoders: an environment for text models differs by tensorflow-text, which takes no part.
pytestmark = pytest.mark.models(interface=["dict", "list", "tf1_signature"])
DATA = np.linspace(-1, 1, 20).reshape(2, 10).astype(np.float32)


class Shift(tf.keras.layers.Layer):
    """Adds an array, such as the encoding of positions."""

    def __init__(self, offsets, **kwargs):
        super().__init__(**kwargs)
        self.offsets = offsets

    def call(self, inputs):
        return inputs + self.offsets


def network():
    return tf.keras.Sequential([tf.keras.Input([10]), Shift(np.arange(10, dtype=np.float32)), tf.keras.layers.Dense(1)])


@pytest.mark.declared(
    raises=("NotImplementedError", "ValueError"),
    match=r"must override `get_config(\(\))?`|Invalid format specifier ' self.arg1",  # Keras 3.11 trips over its own message
    when="tensorflow>=2.16 and keras=default",
    instead="write get_config and from_config that turn the array into a list and back, or export a SavedModel",
    proof="cases/claimed/test_beyond_hdf5.py::test_export",
)
@pytest.mark.declared(
    raises="NotImplementedError",
    match=r"must override `get_config(\(\))?`",
    instead="write get_config and from_config that turn the array into a list and back, or export a SavedModel",
    proof="cases/claimed/test_beyond_hdf5.py::test_export",
)
def test_h5(tmp_path):
    """Wrong way: saved as .h5, and loaded with its class named."""
    saved_network = network()
    saved_network.save(str(tmp_path / "model.h5"))
    again = tf.keras.models.load_model(str(tmp_path / "model.h5"), custom_objects={"Shift": Shift})
    np.testing.assert_allclose(again.predict_on_batch(DATA), saved_network.predict_on_batch(DATA), rtol=1e-5)


@pytest.mark.needs("tf.keras.Model.export")
def test_export(tmp_path):
    """model.export, tf.saved_model.load and serve: the same numbers come out."""
    exported_network = network()
    exported_network.export(str(tmp_path / "model"))
    again = tf.saved_model.load(str(tmp_path / "model"))
    np.testing.assert_allclose(again.serve(DATA).numpy(), exported_network.predict_on_batch(DATA), rtol=1e-5)
