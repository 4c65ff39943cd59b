"""Fine-tuning with model.fit."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.models(format="saved_model_2", interface="dict"),
    pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer"),
]
LABELS = np.array([[1.0], [0.0]], np.float32)


@pytest.fixture
def own(layer):
    """Not `loaded`: what fit traced stays with a model, and a tape of one's own around it may fail afterwards."""
    return layer.resolved_object


def classifier(model, encoder):
    """Keras' functional API: three inputs, the encoder, one number per text."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    score = tf.keras.layers.Dense(1, kernel_initializer="zeros")(encoder(inputs)["pooled_output"])
    return tf.keras.Model(inputs, score)


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError", "InvalidArgumentError"),
    match="No gradient defined for op(eration)?:? .*StatefulPartitionedCall|Connecting to invalid output",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen hub.KerasLayer",
    proof="cases/finetuning/test_fit.py::test_frozen",
)
@pytest.mark.task("fine-tune")
def test_trainable(model, own, unmoved, tmp_path):
    """hub.KerasLayer(handle, trainable=True): fit moves all of its weights, the loss falls, ModelCheckpoint keeps them."""
    encoder = hub.KerasLayer(own, trainable=True)
    network = classifier(model, encoder)
    before = encoder.get_weights()  # those that are trained come first
    network.compile(tf.keras.optimizers.SGD(0.02), "mse")
    path = str(tmp_path / "tuned.weights.h5")
    checkpoints = tf.keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    losses = network.fit(model.inputs, LABELS, epochs=3, callbacks=[checkpoints], verbose=0).history["loss"]
    assert losses[2] < losses[0]
    assert not unmoved(encoder.trainable_weights, before)
    tuned = network.get_weights()
    network.set_weights([np.zeros_like(weight) for weight in tuned])
    network.load_weights(path)
    assert all(np.array_equal(old, new) for old, new in zip(tuned, network.get_weights()))


def test_frozen(model, own):
    """A plain hub.KerasLayer, fed by tf.data: fit trains the head alone, and the loss falls."""
    encoder = hub.KerasLayer(own)
    network = classifier(model, encoder)
    before = encoder.get_weights()
    network.compile(tf.keras.optimizers.SGD(0.02), "mse")
    dataset = tf.data.Dataset.from_tensor_slices((model.inputs, LABELS)).batch(2)
    losses = network.fit(dataset, epochs=3, verbose=0).history["loss"]
    assert losses[2] < losses[0]
    assert len(network.trainable_weights) == 2
    assert all(np.array_equal(old, new) for old, new in zip(before, encoder.get_weights()))
