"""hub.KerasLayer where tf.keras is Keras 3: it is a layer of Keras 2, from the package tf_keras."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub


@pytest.mark.models(format="saved_model_2", interface="dict")
@pytest.mark.lacks("hub.KerasLayer is a tf.keras.layers.Layer")
@pytest.mark.declared(
    raises="ValueError",
    match="A KerasTensor is symbolic",
    when="tensorflow>=2.16 and keras=default",
    instead="tf.keras.layers.TFSMLayer(hub.resolve(handle), call_endpoint='__call__'), or Keras 2: import tf_keras",
    proof="cases/building/test_tfsm_layer.py::test_predict",
)
def test_functional(model, loaded):
    """Wrong way in Keras 3: hub.KerasLayer in a functional model."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    hub.KerasLayer(loaded)(inputs)
