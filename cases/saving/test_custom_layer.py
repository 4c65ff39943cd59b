"""Saving a network with a layer of your own, no Hub model in it: how load_model finds the layer's class again."""

import numpy as np
import pytest
import tensorflow as tf

# Shown beside encoders: an environment for text models differs by tensorflow-text, which takes no part.
pytestmark = pytest.mark.models(interface=["dict", "list", "tf1_signature"])
DATA = np.linspace(-1, 1, 20).reshape(2, 10).astype(np.float32)


class Scale(tf.keras.layers.Layer):
    """Known to nobody but the program that saves it."""

    # As in a script. Keras 3 imports a class from the module that the file names, and would find this one.
    __module__ = "__main__"

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


@pytest.mark.declared(
    raises="ValueError",
    match="Invalid filepath extension for saving",
    when="tensorflow>=2.16 and keras=default and format=savedmodel",
    instead="load_model of Keras 3 knows no SavedModel: end the file's name in .keras",
    proof="cases/saving/test_custom_layer.py::test_custom_objects_keras",
)
def test_custom_objects(save_format, saved, predict):
    """load_model(custom_objects={"Scale": Scale}): the same numbers come out."""
    saved_network = network(Scale(2.0))
    saved_network.save(saved)
    again = tf.keras.models.load_model(saved, custom_objects={"Scale": Scale})
    np.testing.assert_allclose(again.predict_on_batch(DATA), predict(saved_network, DATA), rtol=1e-5)


@pytest.mark.declared(
    raises="ValueError",
    match="Invalid filepath extension for saving",
    when="tensorflow>=2.16 and keras=default and format=savedmodel",
    instead="load_model of Keras 3 knows no SavedModel: end the file's name in .keras",
    proof="cases/saving/test_custom_layer.py::test_custom_objects_keras",
)
@pytest.mark.needs("tf.keras.utils.register_keras_serializable")
def test_registered(save_format, saved, predict):
    """A class under @tf.keras.utils.register_keras_serializable: load_model needs no custom_objects."""

    @tf.keras.utils.register_keras_serializable(package="cases")
    class RegisteredScale(Scale):
        pass

    saved_network = network(RegisteredScale(2.0))
    saved_network.save(saved)
    again = tf.keras.models.load_model(saved)
    np.testing.assert_allclose(again.predict_on_batch(DATA), predict(saved_network, DATA), rtol=1e-5)


@pytest.mark.lacks("tf.keras.utils.register_keras_serializable")
@pytest.mark.declared(
    raises="AttributeError",
    match="has no attribute 'register_keras_serializable'",
    instead="it came with TensorFlow 2.0: before, name the class in load_model(custom_objects=...)",
    proof="cases/saving/test_custom_layer.py::test_custom_objects",
)
def test_registered_where_nothing_registers():
    """register_keras_serializable in a Keras that is older than it."""
    tf.keras.utils.register_keras_serializable(package="cases")


def test_custom_objects_keras(predict, tmp_path):
    """load_model(custom_objects={"Scale": Scale}) of a .keras file: the same numbers come out."""
    path = str(tmp_path / "model.keras")
    saved_network = network(Scale(2.0))
    saved_network.save(path)
    again = tf.keras.models.load_model(path, custom_objects={"Scale": Scale})
    np.testing.assert_allclose(again.predict_on_batch(DATA), predict(saved_network, DATA), rtol=1e-5)


@pytest.mark.declared(
    raises="ValueError",
    match="Unknown layer: '?Scale",
    instead='name the class in load_model(custom_objects={"Scale": Scale}), or register it before saving',
    proof="cases/saving/test_custom_layer.py::test_custom_objects",
)
def test_unregistered_h5(tmp_path):
    """Wrong way: load_model of an .h5 file with a layer that Keras doesn't know."""
    network(Scale(2.0)).save(str(tmp_path / "model.h5"))
    tf.keras.models.load_model(str(tmp_path / "model.h5"))


@pytest.mark.declared(
    raises="TypeError",
    match="could not be deserialized properly",
    when="tensorflow>=2.16 and keras=default",
    instead='name the class in load_model(custom_objects={"Scale": Scale}), or register it before saving',
    proof="cases/saving/test_custom_layer.py::test_custom_objects_keras",
)
@pytest.mark.declared(
    raises=("TypeError", "ValueError"),
    match="Cannot deserialize object of type `Scale`|The added layer must be an instance of class Layer|Unknown layer: '?Scale",
    instead='name the class in load_model(custom_objects={"Scale": Scale}), or register it before saving',
    proof="cases/saving/test_custom_layer.py::test_custom_objects_keras",
)
def test_unregistered_keras(tmp_path):
    """Wrong way: load_model of a .keras file with a layer that Keras doesn't know."""
    network(Scale(2.0)).save(str(tmp_path / "model.keras"))
    tf.keras.models.load_model(str(tmp_path / "model.keras"))


@pytest.mark.declared(
    raises="ValueError",
    match="Unknown layer: '?Scale",
    when="tensorflow<2",
    instead='TensorFlow 1 writes HDF5 whatever the name is: model.save(path, save_format="tf")',
    proof="cases/saving/test_file_names.py::test_save_format",
)
@pytest.mark.declared(
    raises="ValueError",
    match="Invalid filepath extension for saving",
    when="tensorflow>=2.16 and keras=default",
    instead="load_model of Keras 3 knows no SavedModel: model.export, and tf.saved_model.load of that",
    proof="cases/saving/test_custom_layer.py::test_unregistered_export",
)
def test_unregistered_savedmodel(predict, tmp_path):
    """load_model of a SavedModel takes a layer that Keras doesn't know from its graph."""
    saved_network = network(Scale(2.0))
    saved_network.save(str(tmp_path / "model"))
    again = tf.keras.models.load_model(str(tmp_path / "model"))
    np.testing.assert_allclose(again.predict_on_batch(DATA), predict(saved_network, DATA), rtol=1e-5)


@pytest.mark.needs("tf.keras.Model.export")
def test_unregistered_export(predict, tmp_path):
    """model.export and tf.saved_model.load: a layer that Keras doesn't know is in the graph, and needs no class."""
    exported_network = network(Scale(2.0))
    exported_network.export(str(tmp_path / "model"))
    again = tf.saved_model.load(str(tmp_path / "model"))
    np.testing.assert_allclose(again.serve(DATA).numpy(), predict(exported_network, DATA), rtol=1e-5)


@pytest.mark.declared(
    raises="NotImplementedError",
    match=r"must override `get_config(\(\))?`",
    when="tensorflow<2.11",
    instead="write get_config, which returns the arguments of __init__ beside those of the base class",
    proof="cases/saving/test_custom_layer.py::test_custom_objects",
)
def test_without_get_config(predict, tmp_path):
    """A layer without get_config: Keras finds out what its __init__ got."""
    saved_network = network(ScaleWithoutConfig(2.0))
    saved_network.save(str(tmp_path / "model.h5"))
    layers = {"ScaleWithoutConfig": ScaleWithoutConfig}
    again = tf.keras.models.load_model(str(tmp_path / "model.h5"), custom_objects=layers)
    np.testing.assert_allclose(again.predict_on_batch(DATA), predict(saved_network, DATA), rtol=1e-5)


@pytest.mark.declared(
    raises="AssertionError",
    match="other numbers: the weights were not saved",
    when="tensorflow<2 or tensorflow>=2.16 and keras=default",
    instead="give the network its input's shape (tf.keras.Input as first layer) or call it once before saving",
    proof="cases/saving/test_custom_layer.py::test_built_by_a_call",
)
@pytest.mark.declared(
    raises="ValueError",
    match="Weights for model '?sequential.* have not yet been created",
    instead="give the network its input's shape (tf.keras.Input as first layer) or call it once before saving",
    proof="cases/saving/test_custom_layer.py::test_built_by_a_call",
)
def test_unbuilt(predict, tmp_path):
    """Wrong way: saving a network that never saw its input's shape. Keras 3 and TensorFlow 1 say nothing, and save no weights."""
    saved_network = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    saved_network.save(str(tmp_path / "model.h5"))
    again = tf.keras.models.load_model(str(tmp_path / "model.h5"))
    same = np.allclose(again.predict_on_batch(DATA), predict(saved_network, DATA), rtol=1e-5)
    assert same, "other numbers: the weights were not saved"


def test_built_by_a_call(predict, tmp_path):
    """The same network, called once before it is saved: the same numbers come out."""
    saved_network = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    before = predict(saved_network, DATA)
    saved_network.save(str(tmp_path / "model.h5"))
    again = tf.keras.models.load_model(str(tmp_path / "model.h5"))
    np.testing.assert_allclose(again.predict_on_batch(DATA), before, rtol=1e-5)
