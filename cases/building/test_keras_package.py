"""The package keras by its own name: Keras 2 up to TensorFlow 2.15, Keras 3 from 2.16 on, none up to 2.4."""

import pytest
import tensorflow_hub as hub

ENCODERS = pytest.mark.models(format="saved_model_2", interface="dict")


@pytest.mark.lacks("keras")
@pytest.mark.declared(
    raises="ModuleNotFoundError",
    match="No module named 'keras'",
    when="tensorflow<2.5",
    instead="Keras is part of TensorFlow there: from tensorflow import keras",
    proof="cases/building/test_functional.py::test_predict",
)
def test_no_such_package():
    """Wrong way up to TensorFlow 2.4: import keras."""
    import keras  # noqa: F401


@pytest.fixture
def keras():
    import keras

    return keras


@ENCODERS
@pytest.mark.needs("keras")
@pytest.mark.declared(
    raises="TypeError",
    match="Cannot convert a symbolic Keras input/output to a numpy array",
    when="tensorflow=2.5",
    instead="keras, which keras-nightly brings to TensorFlow 2.5, is a second Keras beside tf.keras: from tensorflow import keras",
    proof="cases/building/test_functional.py::test_predict",
)
@pytest.mark.declared(
    raises="ValueError",
    match="A KerasTensor is symbolic",
    when="package(keras)>=3",
    instead="hub.KerasLayer is a layer of Keras 2: import tf_keras, and build the whole model of it",
    proof="cases/building/test_tf_keras.py::test_predict",
)
def test_hub_keras_layer(model, loaded, keras, right):
    """import keras, as long as that is Keras 2: three int32 inputs, hub.KerasLayer, Dense give the right numbers."""
    inputs = {name: keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    network = keras.Model(inputs, keras.layers.Dense(1)(hub.KerasLayer(loaded)(inputs)["pooled_output"]))
    assert network.predict(model.inputs) == right(network.layers[-1])


@ENCODERS
@pytest.mark.needs("keras")
def test_own_layer(model, loaded, keras, right):
    """import keras, Keras 2 or 3: a layer of your own around hub.load gives the right numbers."""

    class Encoder(keras.layers.Layer):
        def call(self, inputs):
            return loaded(inputs)["pooled_output"]

        def compute_output_shape(self, shapes):
            return (shapes["input_word_ids"][0], model.width)

    inputs = {name: keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    network = keras.Model(inputs, keras.layers.Dense(1)(Encoder()(inputs)))
    assert network.predict(model.inputs) == right(network.layers[-1])
