"""Models that Keras saved, whole: .keras and .h5 files, and Keras' SavedModels."""

import inspect
import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.models(format=["keras_file", "saved_model_2"]), pytest.mark.needs("eager execution")]


@pytest.fixture
def path(model, checked):
    """Where the model is. Skips what can't be tried: h5 and .keras files don't define the author's own classes."""
    if not checked.keras:
        pytest.skip("not tried: it was not saved by Keras")
    if model.format == "keras_file" and checked.custom:
        pytest.skip("not tried: it takes its author's code, which is not here, for " + ", ".join(checked.custom))
    return model.handle if model.format == "keras_file" else hub.resolve(model.handle)


@pytest.fixture
def load(checked):
    """Loads a model as its author would, without compiling it; hub.KerasLayer is the one class that is named.

    Python code in a Lambda layer is run: whoever checks a model trusts it.
    """
    load_model = tf.keras.models.load_model
    trusting = checked.lambdas and "safe_mode" in inspect.signature(load_model).parameters
    more = {"safe_mode": False} if trusting else {}
    return lambda path: load_model(path, custom_objects={"KerasLayer": hub.KerasLayer}, compile=False, **more)


@pytest.fixture
def network(path, load):
    return lambda: load(path)


def stored(path):
    """Every array in the model's file or folder."""
    if tf.io.gfile.isdir(path):
        reader = tf.train.load_checkpoint(path + "/variables/variables")
        return [np.asarray(reader.get_tensor(name)) for name in reader.get_variable_to_shape_map()]
    data = Path(path).read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as opened:
            data = opened.read("model.weights.h5")
    arrays = []
    with h5py.File(io.BytesIO(data), "r") as file:
        file.visititems(lambda _, item: arrays.append(np.asarray(item)) if isinstance(item, h5py.Dataset) else None)
    return arrays


def assert_weights(loaded, path):
    arrays = stored(path)
    for weight in loaded.weights:
        value = np.asarray(weight)
        assert any(array.shape == value.shape and np.array_equal(array, value) for array in arrays), weight.name


def test_load_model(path):
    """tf.keras.models.load_model loads it, with the weights that are in the file."""
    loaded = tf.keras.models.load_model(path, custom_objects={"KerasLayer": hub.KerasLayer}, compile=False)
    assert_weights(loaded, path)


def test_load_model_with_python_code(path, network, checked):
    """Python code in it (a Lambda layer) is loaded with safe_mode=False, for a file that you trust."""
    if not checked.lambdas:
        pytest.skip("not tried: no Lambda layer with Python code is in it")
    assert_weights(network(), path)


def test_call(network, checked, on_device, assert_same):
    """The loaded network can be called, and gives the same twice."""
    (inputs, *_), _ = checked.arguments()
    loaded = network()
    call = on_device(lambda given: loaded(given, training=False))
    assert_same(call(inputs), call(inputs), checked.random)


def test_gradients(network, checked, assert_finite):
    """The network's trainable weights have finite gradients."""
    (inputs, *_), _ = checked.arguments()
    loaded = network()
    with tf.GradientTape() as tape:
        outputs = [output for output in tf.nest.flatten(loaded(inputs, training=True)) if output.dtype.is_floating]
        if not outputs:
            pytest.skip("not tried: no output is a floating point number")
        loss = tf.add_n([tf.reduce_sum(tf.cast(output, tf.float32) ** 2) for output in outputs])
    weights = loaded.trainable_variables
    if not weights:
        pytest.skip("not tried: the network has no weights that can be trained")
    assert_finite(tape.gradient(loss, weights), outputs)


def test_save_and_reload(network, load, checked, save_format, saved, assert_same):
    """Saved in a format and loaded again, the network gives the same values."""
    if checked.custom and save_format != "savedmodel":
        pytest.skip("not tried: such a file takes its author's code, which is not here, for " + ", ".join(checked.custom))
    (inputs, *_), _ = checked.arguments()
    loaded = network()
    before = loaded(inputs, training=False)
    loaded.save(saved)
    assert_same(before, load(saved)(inputs, training=False), checked.random)
