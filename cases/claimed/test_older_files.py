"""Files that an older TensorFlow wrote: a network of one Dense layer, saved by tf.keras of TensorFlow 2.4.4 in both its formats.

How it was made:
    network = tf.keras.Sequential([tf.keras.layers.Dense(2, activation="relu", input_shape=(3,))])
    network.set_weights([np.arange(6).reshape(3, 2) / 10, np.array([0.5, -0.5])])
    network.save("network.h5"), network.save("network", save_format="tf")
"""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

FOLDER = Path(__file__).parent / "written_by_2_4_4"
INPUTS = np.array([[1.0, 2.0, 3.0]], np.float32)
EXPECTED = np.array([[2.1, 1.7]], np.float32)


@pytest.mark.task("reload-older")
def test_h5():
    """load_model takes an .h5 file of TensorFlow 2.4.4, and the same numbers come out."""
    network = tf.keras.models.load_model(str(FOLDER / "network.h5"))
    np.testing.assert_allclose(network.predict(INPUTS), EXPECTED, rtol=1e-6)


@pytest.mark.declared(
    raises="ValueError",
    match=r"File format not supported: filepath=.*Keras 3 only supports V3",
    when="tensorflow>=2.16 and keras=default",
    instead="tf.saved_model.load(folder), or load_model of Keras 2: TF_USE_LEGACY_KERAS=1 with the package tf_keras",
    proof="cases/claimed/test_older_files.py::test_savedmodel_without_keras",
)
@pytest.mark.declared(
    raises=("ValueError", "TypeError"),
    match="Error converting shape to a TensorShape: .*'class_name'",
    when="tensorflow<2.2",
    instead="Keras reads no SavedModel of so much later a Keras: the .h5 file is read",
    proof="cases/claimed/test_older_files.py::test_h5",
)
def test_savedmodel():
    """load_model takes a SavedModel of TensorFlow 2.4.4, and the same numbers come out."""
    network = tf.keras.models.load_model(str(FOLDER / "network"))
    np.testing.assert_allclose(network.predict(INPUTS), EXPECTED, rtol=1e-6)


@pytest.mark.needs("eager execution")  # TensorFlow 1 has another function under that name
def test_savedmodel_without_keras():
    """tf.saved_model.load takes a SavedModel of TensorFlow 2.4.4, and the same numbers come out."""
    network = tf.saved_model.load(str(FOLDER / "network"))
    np.testing.assert_allclose(network(tf.constant(INPUTS)), EXPECTED, rtol=1e-6)
