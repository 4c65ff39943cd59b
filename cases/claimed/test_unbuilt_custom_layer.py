"""A widely read answer's example of what load_model can't load: a layer of its own in a network that never saw an input's shape."""

import pytest
import tensorflow as tf

# Shown beside encoders: an environment for text models differs by tensorflow-text, which takes no part.
pytestmark = pytest.mark.models(interface=["dict", "list", "tf1_signature"])


class MyCustomLayer(tf.keras.layers.Layer):
    """As printed there: `units` is kept, and used for nothing."""

    __module__ = "__main__"  # as in a script: Keras 3 imports a class from the module that the file names

    def __init__(self, units=32, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def call(self, inputs):
        return tf.keras.activations.relu(inputs)


def network():
    return tf.keras.Sequential([MyCustomLayer(64), tf.keras.layers.Dense(1)])


@pytest.mark.declared(
    raises="ValueError",
    match="Weights for model '?sequential.* have not yet been created",
    when="tensorflow>=2.0 and (tensorflow<2.16 or keras=legacy)",
    instead="give the network its input's shape (tf.keras.Input as first layer) or call it once before saving",
    proof="cases/saving/test_custom_layer.py::test_built_by_a_call",
)
def test_save(tmp_path):
    """Saving it as .h5."""
    network().save(str(tmp_path / "custom_layer_model.h5"))


@pytest.mark.declared(
    raises="ValueError",
    match="Unknown layer: '?MyCustomLayer",
    when="tensorflow<2 or tensorflow>=2.16 and keras=default",
    instead='name the class in load_model(custom_objects={"MyCustomLayer": MyCustomLayer}), or register it before saving',
    proof="cases/saving/test_custom_layer.py::test_custom_objects",
)
@pytest.mark.declared(
    raises="ValueError",
    match="Weights for model '?sequential.* have not yet been created",
    instead="give the network its input's shape (tf.keras.Input as first layer) or call it once before saving",
    proof="cases/saving/test_custom_layer.py::test_built_by_a_call",
)
def test_load(tmp_path):
    """Wrong way: load_model of it, without a word of its class. Keras 2 does not come to that: it does not save the network."""
    network().save(str(tmp_path / "custom_layer_model.h5"))
    tf.keras.models.load_model(str(tmp_path / "custom_layer_model.h5"))
