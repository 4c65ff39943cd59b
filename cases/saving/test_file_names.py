"""What a file's ending makes of a saved Keras model."""

import tensorflow as tf


def test_dot_keras_is_a_zip(tmp_path):
    """A file that ends in .keras is in the Keras v3 format, a zip."""
    network = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,))])
    network.save(str(tmp_path / "model.keras"))
    start = (tmp_path / "model.keras").read_bytes()[:4]
    assert start == b"PK\x03\x04"
