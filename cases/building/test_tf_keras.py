"""The package tf_keras: Keras 2, also beside a TensorFlow whose tf.keras is Keras 3. hub.KerasLayer is made of it there."""

import pytest
import tensorflow_hub as hub


@pytest.mark.lacks("tf_keras")
@pytest.mark.declared(
    raises="ModuleNotFoundError",
    match="No module named 'tf_keras'",
    when="tensorflow<2.16",
    instead="tf.keras is Keras 2 there: use that",
    proof="cases/building/test_functional.py::test_predict",
)
def test_no_such_package():
    """Wrong way up to TensorFlow 2.15: import tf_keras, which comes with tensorflow-hub from 0.16 on."""
    import tf_keras  # noqa: F401


@pytest.fixture
def tf_keras():
    import tf_keras

    return tf_keras


@pytest.mark.models(format="saved_model_2", interface="dict")
@pytest.mark.needs("tf_keras")
@pytest.mark.task("build", instead_of="cases/building/test_functional.py::test_predict")
@pytest.mark.declared(
    raises="TypeError",
    match="You are passing KerasTensor",
    when="tensorflow<2.16",
    instead="hub.KerasLayer is a layer of tf.keras there, which is Keras 2 itself: use that",
    proof="cases/building/test_functional.py::test_predict",
)
def test_predict(model, loaded, tf_keras, right):
    """import tf_keras: three int32 inputs, hub.KerasLayer, Dropout, Dense; predict gives the right numbers."""
    inputs = {name: tf_keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    dropped = tf_keras.layers.Dropout(0.1)(hub.KerasLayer(loaded)(inputs)["pooled_output"])
    network = tf_keras.Model(inputs, tf_keras.layers.Dense(1)(dropped))
    assert network.predict(model.inputs) == right(network.layers[-1])
