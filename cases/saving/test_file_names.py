"""What a file's ending makes of a saved Keras model."""

import pytest
import tensorflow as tf

# Shown beside encoders: an environment for text models differs by tensorflow-text, which takes no part.
pytestmark = pytest.mark.models(interface=["dict", "list", "tf1_signature"])


def network():
    return tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,))])


@pytest.mark.declared(
    raises="AssertionError",
    match="is HDF5",
    when="tensorflow<2.13",
    instead="the ending means Keras v3 from TensorFlow 2.13 on; before, .keras is HDF5 under another name",
    proof="cases/saving/test_file_names.py::test_dot_h5_is_hdf5",
)
def test_dot_keras_is_a_zip(tmp_path):
    """A file that ends in .keras is in the Keras v3 format, a zip."""
    network().save(str(tmp_path / "model.keras"))
    start = (tmp_path / "model.keras").read_bytes()[:4]
    assert start == b"PK\x03\x04", "is HDF5" if start == b"\x89HDF" else "is something else"


def test_dot_h5_is_hdf5(tmp_path):
    """A file that ends in .h5 is HDF5."""
    network().save(str(tmp_path / "model.h5"))
    start = (tmp_path / "model.h5").read_bytes()[:4]
    assert start == b"\x89HDF"


@pytest.mark.declared(
    raises="AssertionError",
    match="is no SavedModel",
    when="tensorflow<2",
    instead='TensorFlow 1 writes HDF5 whatever the name is: model.save(path, save_format="tf")',
    proof="cases/saving/test_file_names.py::test_save_format",
)
@pytest.mark.declared(
    raises="ValueError",
    match="Invalid filepath extension for saving",
    when="tensorflow>=2.16 and keras=default",
    instead="end the name in .keras; a SavedModel for serving is written by model.export",
    proof="cases/saving/test_savedmodel_of_keras.py::test_export",
)
def test_no_ending_is_a_savedmodel(tmp_path):
    """model.save to a name without ending writes a SavedModel, a folder."""
    network().save(str(tmp_path / "model"))
    assert (tmp_path / "model" / "saved_model.pb").is_file(), "is no SavedModel"


@pytest.mark.declared(
    raises="ValueError",
    match="The `save_format` argument is deprecated in Keras 3",
    when="tensorflow>=2.16 and keras=default",
    instead="end the name in .keras; a SavedModel for serving is written by model.export",
    proof="cases/saving/test_savedmodel_of_keras.py::test_export",
)
def test_save_format(tmp_path):
    """model.save with save_format="tf" writes a SavedModel, a folder."""
    network().save(str(tmp_path / "model"), save_format="tf")
    assert (tmp_path / "model" / "saved_model.pb").is_file()


@pytest.mark.declared(
    raises="ValueError",
    match="The filename must end in `.weights.h5`",
    when="tensorflow>=2.16 and keras=default",
    instead="end the name in .weights.h5; a checkpoint is written by tf.train.Checkpoint",
    proof="cases/saving/test_file_names.py::test_weights_file_dot_weights_h5",
)
def test_weights_file_without_ending(tmp_path):
    """model.save_weights to a name without ending writes a TensorFlow checkpoint."""
    network().save_weights(str(tmp_path / "weights"))
    assert (tmp_path / "weights.index").is_file()


@pytest.mark.declared(
    raises="ValueError",
    match="The filename must end in `.weights.h5`",
    when="tensorflow>=2.16 and keras=default",
    instead="end the name in .weights.h5",
    proof="cases/saving/test_file_names.py::test_weights_file_dot_weights_h5",
)
def test_weights_file_dot_h5(tmp_path):
    """model.save_weights to a name that ends in .h5, but not in .weights.h5, writes HDF5."""
    network().save_weights(str(tmp_path / "model.h5"))
    assert (tmp_path / "model.h5").read_bytes()[:4] == b"\x89HDF"


def test_weights_file_dot_weights_h5(tmp_path):
    """model.save_weights to a name that ends in .weights.h5 writes HDF5."""
    network().save_weights(str(tmp_path / "model.weights.h5"))
    assert (tmp_path / "model.weights.h5").read_bytes()[:4] == b"\x89HDF"
