"""Saving a network of Keras' own layers, no Hub model in it: where this fails, it isn't the Hub model's fault."""

import numpy as np
import pytest
import tensorflow as tf

DATA = np.linspace(-1, 1, 20).reshape(2, 10).astype(np.float32)
TARGETS = np.array([[1.0], [0.0]], np.float32)


def classifier():
    layers = [tf.keras.layers.Dense(8, activation="relu", input_shape=(10,)), tf.keras.layers.Dense(1)]
    return tf.keras.Sequential(layers)


@pytest.mark.declared(
    raises="ValueError",
    match="Invalid filepath extension for saving",
    when="tensorflow>=2.16 and keras=default and format=savedmodel",
    instead="load_model of Keras 3 knows no SavedModel: use .keras, or model.export and tf.saved_model.load",
    proof="cases/saving/test_savedmodel_of_keras.py::test_export",
)
def test_save_and_reload_a_plain_network(save_format, saved, predict):
    """Two Dense layers: saved, reloaded, the same numbers come out."""
    network = classifier()
    network.save(saved)
    again = tf.keras.models.load_model(saved)
    np.testing.assert_allclose(again.predict_on_batch(DATA), predict(network, DATA), rtol=1e-5)


def in_training():
    """Compiled, and one step of Adam done: its moments are no longer zero."""
    network = classifier()
    network.compile(tf.keras.optimizers.Adam(0.1), tf.keras.losses.MeanSquaredError())
    network.train_on_batch(DATA, TARGETS)
    return network


def go_on(network):
    """The network's weights after two more steps, in one row."""
    for _ in range(2):
        network.train_on_batch(DATA, TARGETS)
    return np.concatenate([weight.ravel() for weight in network.get_weights()])


def assert_same(weights, others):
    difference = np.abs(weights - others).max()
    assert difference < 1e-4, f"other weights after two more steps: max abs difference {difference:.3g}"


@pytest.mark.declared(
    raises="ValueError",
    match="Invalid filepath extension for saving",
    when="tensorflow>=2.16 and keras=default and format=savedmodel",
    instead="load_model of Keras 3 knows no SavedModel: end the file's name in .keras, or use tf.train.Checkpoint",
    proof="cases/saving/test_plain_network.py::test_go_on_from_a_checkpoint",
)
@pytest.mark.declared(
    raises=("NotImplementedError", "ValueError"),
    match=r"numpy\(\) is only available when eager execution is enabled|Unknown variable",
    when="tensorflow>=2.16 and keras=default and format=h5",
    instead="an .h5 file's optimizer can't go on in Keras 3: end the file's name in .keras, or use tf.train.Checkpoint",
    proof="cases/saving/test_plain_network.py::test_go_on_from_a_checkpoint",
)
@pytest.mark.declared(
    raises="AssertionError",
    match="other weights after two more steps",
    when="tensorflow>=2 and format=savedmodel",
    instead='Adam starts anew, and nothing says so: after load_model, again.load_weights(folder + "/variables/variables")',
    proof="cases/saving/test_plain_network.py::test_go_on_from_a_savedmodel",
)
def test_go_on_training(save_format, saved):
    """Saved in the midst of training with Adam, and reloaded: the next steps are those without the save."""
    network = in_training()
    network.save(saved)
    again = tf.keras.models.load_model(saved)
    assert_same(go_on(again), go_on(network))


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="Failed to get matching files on .*Not a directory",
    when="tensorflow<2",
    instead="TensorFlow 1 writes HDF5 whatever the name is, and load_model of that brings back Adam's moments: go on with it",
    proof="cases/saving/test_plain_network.py::test_go_on_training",
)
@pytest.mark.declared(
    raises="ValueError",
    match="Invalid filepath extension for saving",
    when="tensorflow>=2.16 and keras=default",
    instead="Keras 3 writes no SavedModel that load_model loads: end the file's name in .keras, or use tf.train.Checkpoint",
    proof="cases/saving/test_plain_network.py::test_go_on_from_a_checkpoint",
)
def test_go_on_from_a_savedmodel(tmp_path):
    """A SavedModel, saved in the midst of training with Adam: load_model, and load_weights brings back Adam's moments."""
    network = in_training()
    network.save(str(tmp_path / "model"))
    again = tf.keras.models.load_model(str(tmp_path / "model"))
    again.load_weights(str(tmp_path / "model" / "variables" / "variables"))
    assert_same(go_on(again), go_on(network))


@pytest.mark.declared(
    raises="AssertionError",
    match="other weights after two more steps",
    when="tensorflow<2",
    instead="in TensorFlow 1 restore() waits for checkpoint.restore(path).initialize_or_restore(session); or save the model as .h5",
    proof="cases/saving/test_plain_network.py::test_go_on_training",
)
def test_go_back_to_a_checkpoint(tmp_path):
    """tf.train.Checkpoint(model=..., optimizer=...): restored in the midst of training, the next steps are the same again."""
    network = in_training()
    checkpoint = tf.train.Checkpoint(model=network, optimizer=network.optimizer)
    path = checkpoint.save(str(tmp_path / "checkpoint"))
    first = go_on(network)
    checkpoint.restore(path)
    assert_same(go_on(network), first)


@pytest.mark.declared(
    raises="AssertionError",
    match="other weights after two more steps",
    when="tensorflow<2",
    instead="in TensorFlow 1 restore() waits for checkpoint.restore(path).initialize_or_restore(session); or save the model as .h5",
    proof="cases/saving/test_plain_network.py::test_go_on_training",
)
def test_go_on_from_a_checkpoint(tmp_path):
    """The same, restored into a network that was built and compiled anew, as after a restart."""
    network, again = in_training(), classifier()
    path = tf.train.Checkpoint(model=network, optimizer=network.optimizer).save(str(tmp_path / "checkpoint"))
    again.compile(tf.keras.optimizers.Adam(0.1), tf.keras.losses.MeanSquaredError())
    tf.train.Checkpoint(model=again, optimizer=again.optimizer).restore(path)
    assert_same(go_on(again), go_on(network))


@pytest.mark.declared(
    raises="AssertionError",
    match="other weights after two more steps",
    when="tensorflow<2",
    instead="Adam starts anew, and nothing says so: save the whole model as .h5",
    proof="cases/saving/test_plain_network.py::test_go_on_training",
)
@pytest.mark.declared(
    raises="AssertionError",
    match="other weights after two more steps",
    instead="Adam starts anew, and nothing says so: tf.train.Checkpoint(model=network, optimizer=network.optimizer) keeps both",
    proof="cases/saving/test_plain_network.py::test_go_on_from_a_checkpoint",
)
def test_go_on_training_from_weights(tmp_path):
    """Wrong way: training continued from a file of weights. No error, other steps."""
    network, again = in_training(), classifier()
    network.save_weights(str(tmp_path / "model.weights.h5"))
    again.compile(tf.keras.optimizers.Adam(0.1), tf.keras.losses.MeanSquaredError())
    again.load_weights(str(tmp_path / "model.weights.h5"))
    assert_same(go_on(again), go_on(network))


@pytest.mark.declared(
    raises="ValueError",
    match="Invalid filepath extension for saving",
    when="tensorflow>=2.16 and keras=default and format=savedmodel",
    instead="load_model of Keras 3 knows no SavedModel: use .keras, or model.export and tf.saved_model.load",
    proof="cases/saving/test_savedmodel_of_keras.py::test_export",
)
@pytest.mark.declared(
    raises=("ValueError", "TypeError"),
    match="Could not deserialize 'keras.metrics.mse'|Could not locate function 'mse'",
    when="tensorflow>=2.16 and keras=default and format=h5",
    instead='Keras 3 finds no function by the name of "mse" when it loads an .h5 file: load_model(compile=False) and compile anew',
    proof="cases/saving/test_plain_network.py::test_compile_anew",
)
def test_compiled_by_name(save_format, saved):
    """A network compiled with "adam" and "mse": reloaded, its loss is the same."""
    network = classifier()
    network.compile("adam", "mse")
    network.save(saved)
    again = tf.keras.models.load_model(saved)
    np.testing.assert_allclose(again.test_on_batch(DATA, TARGETS), network.test_on_batch(DATA, TARGETS), rtol=1e-5)


def test_compile_anew(tmp_path):
    """A network compiled with "adam" and "mse", saved as .h5: load_model(compile=False), compiled anew, its loss is the same."""
    network = classifier()
    network.compile("adam", "mse")
    network.save(str(tmp_path / "model.h5"))
    again = tf.keras.models.load_model(str(tmp_path / "model.h5"), compile=False)
    again.compile("adam", "mse")
    np.testing.assert_allclose(again.test_on_batch(DATA, TARGETS), network.test_on_batch(DATA, TARGETS), rtol=1e-5)
