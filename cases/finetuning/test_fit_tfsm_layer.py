"""Fine-tuning with Keras 3: through tf.keras.layers.TFSMLayer."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.needs("tf.keras.layers.TFSMLayer")


def fit(model, inputs, pooled):
    """Losses of three steps."""
    network = tf.keras.Model(inputs, tf.keras.layers.Dense(1, kernel_initializer="zeros")(pooled))
    network.compile(tf.keras.optimizers.SGD(0.02), "mse")
    texts = model.inputs if isinstance(inputs, dict) else list(model.inputs.values())
    return network.fit(texts, np.array([[1.0], [0.0]]), epochs=3, verbose=0).history["loss"]


@pytest.mark.declared(
    raises="AttributeError",
    match="object has no attribute 'regularizer'",
    when="package(keras)<3.10",
    instead="before Keras 3.10 what TFSMLayer loads can't be trained: pip install -U keras, or a training loop of your own",
    proof="cases/finetuning/test_training_loop.py::test_hub_load",
)
@pytest.mark.models(format="saved_model_2", interface="dict")
@pytest.mark.task("fine-tune", instead_of="cases/finetuning/test_fit.py::test_trainable")
def test_fit(model, unmoved):
    """TFSMLayer(folder, call_endpoint="__call__"): fit moves all of the encoder's weights, and the loss falls."""
    encoder = tf.keras.layers.TFSMLayer(hub.resolve(model.handle), call_endpoint="__call__")
    inputs = {name: tf.keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    before = [weight.numpy() for weight in encoder.trainable_weights]
    losses = fit(model, inputs, encoder(inputs)["pooled_output"])
    assert losses[2] < losses[0]
    assert not unmoved(encoder.trainable_weights, before)


@pytest.mark.declared(
    raises="AttributeError",
    match="object has no attribute 'regularizer'",
    when="package(keras)<3.10",
    instead="before Keras 3.10 what TFSMLayer loads can't be trained: pip install -U keras, or a training loop of your own",
    proof="cases/finetuning/test_training_loop_list.py::test_hub_load_of_a_list_model",
)
@pytest.mark.models(format="saved_model_2", interface="list")
@pytest.mark.task("fine-tune", instead_of="cases/finetuning/test_fit_list.py::test_trainable")
def test_fit_list(model, unmoved):
    """The same with an encoder that takes a list and gives a list."""
    encoder = tf.keras.layers.TFSMLayer(hub.resolve(model.handle), call_endpoint="__call__")
    inputs = [tf.keras.Input([None], dtype="int32", name=name) for name in model.inputs]
    before = [weight.numpy() for weight in encoder.trainable_weights]
    pooled, _sequence = encoder(inputs)
    losses = fit(model, inputs, pooled)
    assert losses[2] < losses[0]
    assert not unmoved(encoder.trainable_weights, before)
