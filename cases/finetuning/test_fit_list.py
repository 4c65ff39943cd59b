"""Fine-tuning an encoder that takes a list and gives a list."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.models(format="saved_model_2", interface="list"),
    pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer"),
]


@pytest.fixture
def encoder(layer):
    """What hub.KerasLayer(model.handle, trainable=True) is, on a model that no other case takes gradients of."""
    return hub.KerasLayer(layer.resolved_object, trainable=True)


def fit(model, encoder):
    """Losses of three steps with Keras' functional API."""
    inputs = [tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs]
    pooled, _sequence = encoder(inputs)
    network = tf.keras.Model(inputs, tf.keras.layers.Dense(1, kernel_initializer="zeros")(pooled))
    network.compile(tf.keras.optimizers.SGD(0.02), "mse")
    return network.fit(list(model.inputs.values()), np.array([[1.0], [0.0]]), epochs=3, verbose=0).history["loss"]


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError"),
    match="No gradient defined for op(eration)?:? .*StatefulPartitionedCall",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen hub.KerasLayer",
    proof="cases/finetuning/test_fit_list.py::test_frozen",
)
@pytest.mark.task("fine-tune")
def test_trainable(model, encoder, unmoved):
    """hub.KerasLayer(handle, trainable=True): fit moves all of the encoder's weights, and the loss falls."""
    before = encoder.get_weights()  # those that are trained come first
    losses = fit(model, encoder)
    assert losses[2] < losses[0]
    assert not unmoved(encoder.trainable_weights, before)


def test_frozen(model, layer):
    """A plain hub.KerasLayer: fit trains the head alone, and the loss falls."""
    encoder = hub.KerasLayer(layer.resolved_object)
    before = encoder.get_weights()
    losses = fit(model, encoder)
    assert losses[2] < losses[0]
    assert all(np.array_equal(old, new) for old, new in zip(before, encoder.get_weights()))


def gradients(model, encoder):
    with tf.GradientTape() as tape:
        pooled, _sequence = encoder([tf.constant(rows) for rows in model.inputs.values()], training=True)
        loss = tf.reduce_sum(pooled**2)
    return tape.gradient(loss, encoder.trainable_variables)


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError"),
    match="No gradient defined for op",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/finetuning/test_fit_list.py::test_frozen",
)
@pytest.mark.needs("eager execution")
@pytest.mark.declared(
    raises="ValueError",
    match=r"Tried to take gradients \(or similar\) of a variable without handle data",
    when="tensorflow>=2.8 and model in (albert-en/1, bert-en/1, bert-en/2, electra/1)",
    instead="it is due to the TensorFlow that wrote the model, up to 2.4: a newer version of the model, or the tape before fit",
    proof="cases/finetuning/test_fit_list.py::test_tape_before_fit",
)
def test_tape_after_fit(model, encoder):
    """After fit, a tf.GradientTape of your own around the same layer has the gradients of all weights."""
    fit(model, encoder)
    assert all(gradient is not None for gradient in gradients(model, encoder))


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError"),
    match="No gradient defined for op",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/finetuning/test_fit_list.py::test_frozen",
)
@pytest.mark.needs("eager execution")
def test_tape_before_fit(model):
    """A tf.GradientTape of your own around a layer, and fit after it: the tape has the gradients of all weights."""
    encoder = hub.KerasLayer(model.handle, trainable=True)
    assert all(gradient is not None for gradient in gradients(model, encoder))
    fit(model, encoder)
