"""A model as a class of its own: layers in __init__, the way through them in call."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")


class Classifier(tf.keras.Model):
    """One number per text."""

    def __init__(self, handle):
        super().__init__()
        self.encoder = hub.KerasLayer(handle, trainable=True)
        self.dropout = tf.keras.layers.Dropout(0.1)
        self.dense = tf.keras.layers.Dense(1)

    def call(self, inputs, training=False):
        pooled = self.encoder(inputs, training=training)["pooled_output"]
        return self.dense(self.dropout(pooled, training=training))


def test_predict(model, loaded, right):
    """class Classifier(tf.keras.Model) with a hub.KerasLayer inside: predict gives the right numbers."""
    network = Classifier(loaded)
    assert network.predict(model.inputs) == right(network.dense)


@pytest.mark.declared(
    raises="AssertionError",
    match=r"2 of \d+ weights",
    when="tensorflow>=2.16 and keras=default",
    instead="hub.KerasLayer is no layer of Keras 3, so fit trains the head alone: tf.keras.layers.TFSMLayer",
    proof="cases/building/test_tfsm_layer.py::test_predict",
)
def test_weights(model, loaded):
    """class Classifier(tf.keras.Model) with a hub.KerasLayer(trainable=True) inside: its weights are the model's."""
    network = Classifier(loaded)
    network(model.inputs)
    count = len(loaded.trainable_variables) + 2  # the head's
    assert len(network.trainable_weights) == count, f"{len(network.trainable_weights)} of {count} weights"
