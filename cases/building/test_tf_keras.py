"""The package tf_keras: Keras 2, also beside a TensorFlow whose tf.keras is Keras 3. hub.KerasLayer is made of it there."""

import pytest
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


@pytest.fixture
def tf_keras():
    return pytest.importorskip("tf_keras")


def test_predict(model, loaded, tf_keras):
    """import tf_keras: three int32 inputs, hub.KerasLayer, Dropout, Dense; predict."""
    inputs = {name: tf_keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    dropped = tf_keras.layers.Dropout(0.1)(hub.KerasLayer(loaded)(inputs)["pooled_output"])
    network = tf_keras.Model(inputs, tf_keras.layers.Dense(1)(dropped))
    assert network.predict(model.inputs).shape == (2, 1)
