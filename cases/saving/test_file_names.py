"""What a file's ending makes of a saved Keras model."""

import pytest
import tensorflow as tf

# Shown beside encoders: an environment for text models differs by tensorflow-text, which takes no part.
pytestmark = pytest.mark.models(interface=["dict", "list", "tf1_signature"])


def network():
    return tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,))])


def test_dot_keras_is_a_zip(tmp_path):
    """A file that ends in .keras is in the Keras v3 format, a zip."""
    network().save(str(tmp_path / "model.keras"))
    start = (tmp_path / "model.keras").read_bytes()[:4]
    assert start == b"PK\x03\x04"


def test_dot_h5_is_hdf5(tmp_path):
    """A file that ends in .h5 is HDF5."""
    network().save(str(tmp_path / "model.h5"))
    start = (tmp_path / "model.h5").read_bytes()[:4]
    assert start == b"\x89HDF"


def test_no_ending_is_a_savedmodel(tmp_path):
    """model.save to a name without ending writes a SavedModel, a folder."""
    network().save(str(tmp_path / "model"))
    assert (tmp_path / "model" / "saved_model.pb").is_file()


def test_weights_file_without_ending(tmp_path):
    """model.save_weights to a name without ending writes a TensorFlow checkpoint."""
    network().save_weights(str(tmp_path / "weights"))
    assert (tmp_path / "weights.index").is_file()


def test_weights_file_dot_h5(tmp_path):
    """model.save_weights to a name that ends in .h5, but not in .weights.h5."""
    network().save_weights(str(tmp_path / "model.h5"))
    assert (tmp_path / "model.h5").is_file()


def test_weights_file_dot_weights_h5(tmp_path):
    """model.save_weights to a name that ends in .weights.h5."""
    network().save_weights(str(tmp_path / "model.weights.h5"))
    assert (tmp_path / "model.weights.h5").is_file()
