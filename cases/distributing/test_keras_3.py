"""Fine-tuning with Keras 3 (tf.keras from TensorFlow 2.16 on) under a strategy. hub.KerasLayer is of Keras 2: it can't be used."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.devices("mirrored-2", "tpu", "gpu"),
    pytest.mark.models(format="saved_model_2", interface="dict"),
    pytest.mark.needs("tf.keras.layers.TFSMLayer"),  # Keras 2 has none
]


@pytest.mark.declared(
    raises="AttributeError",
    match="object has no attribute 'regularizer'",
    when="package(keras)<3.10",
    instead="before Keras 3.10 what TFSMLayer loads can't be trained: pip install -U keras, or a training loop of your own",
    proof="cases/distributing/test_training_loop.py::test_run",
)
def test_tfsm_layer(model, strategy, batch, unmoved):
    """TFSMLayer(folder, call_endpoint="__call__") in the scope: fit moves all of its weights, the loss falls."""
    handle, (texts, labels) = model.handle, batch

    with strategy.scope():
        encoder = tf.keras.layers.TFSMLayer(hub.resolve(handle), call_endpoint="__call__")
        inputs = {
            name: tf.keras.Input(shape=[None], dtype="int32", name=name)
            for name in ("input_word_ids", "input_mask", "input_type_ids")
        }
        score = tf.keras.layers.Dense(1)(encoder(inputs)["pooled_output"])
        network = tf.keras.Model(inputs, score)
        network.compile(optimizer=tf.keras.optimizers.Adam(1e-4), loss="mse", jit_compile=False)

    before = [np.array(weight) for weight in encoder.trainable_weights]

    batch_size = 2 * strategy.num_replicas_in_sync
    dataset = tf.data.Dataset.from_tensor_slices((texts, labels)).batch(batch_size, drop_remainder=True)
    history = network.fit(dataset, epochs=3, verbose=0)

    losses = history.history["loss"]
    assert losses[2] < losses[0]
    assert not unmoved(encoder.trainable_weights, before)


@pytest.mark.declared(
    raises="AttributeError",
    match="object has no attribute 'regularizer'",
    when="package(keras)<3.10",
    instead="before Keras 3.10 what TFSMLayer loads can't be trained: pip install -U keras, or a training loop of your own",
    proof="cases/distributing/test_training_loop.py::test_run",
)
def test_jit_compile(model, strategy, batch, unmoved):
    """The same as compile() has it if nothing is said, jit_compile="auto": fit moves all weights, the loss falls."""
    with strategy.scope():
        encoder = tf.keras.layers.TFSMLayer(hub.resolve(model.handle), call_endpoint="__call__")
        inputs = {name: tf.keras.Input(shape=[None], dtype="int32", name=name) for name in model.inputs}
        network = tf.keras.Model(inputs, tf.keras.layers.Dense(1, kernel_initializer="zeros")(encoder(inputs)["pooled_output"]))
        network.compile(optimizer=tf.keras.optimizers.SGD(0.02), loss="mse")
    before = [np.array(weight) for weight in encoder.trainable_weights]
    losses = network.fit(batch[0], batch[1], batch_size=len(batch[1]), epochs=3, verbose=0).history["loss"]
    assert losses[2] < losses[0]
    assert not unmoved(encoder.trainable_weights, before)


class Encoder(tf.keras.layers.Layer):
    """A layer of your own around hub.load."""

    def __init__(self, loaded):
        super().__init__()
        self.loaded = loaded

    def call(self, inputs):
        return self.loaded(inputs)["pooled_output"]


class Trainable(Encoder):
    """Hands Keras the variables that it shall train."""

    def __init__(self, loaded):
        super().__init__(loaded)
        for variable in self.loaded.trainable_variables:
            self._track_variable(variable)


def fit(model, strategy, batch, layer):
    """The weights that three epochs trained, with what that layer gives for the inputs; the head's kernel was zero."""
    with strategy.scope():
        inputs = {name: tf.keras.Input(shape=[None], dtype="int32", name=name) for name in model.inputs}
        network = tf.keras.Model(inputs, tf.keras.layers.Dense(1, kernel_initializer="zeros")(layer()(inputs)))
        network.compile(optimizer=tf.keras.optimizers.SGD(0.02), loss="mse", jit_compile=False)
    network.fit(batch[0], batch[1], batch_size=len(batch[1]), epochs=3, verbose=0)
    return network.trainable_weights


def test_own_layer(model, shared, strategy, batch):
    """A layer of your own around hub.load, in the scope: fit trains the head alone."""
    before = [weight.numpy() for weight in shared.variables]
    kernel, _bias = fit(model, strategy, batch, lambda: Encoder(shared))
    assert np.array(kernel).all()
    assert all(np.array_equal(old, weight.numpy()) for old, weight in zip(before, shared.variables))


@pytest.mark.declared(
    raises="AttributeError",
    match="object has no attribute 'regularizer'",
    instead="Keras 3 trains variables of its own alone: a training loop of your own, or TFSMLayer from Keras 3.10 on",
    proof="cases/distributing/test_training_loop.py::test_run",
)
def test_own_trainable_layer(model, shared_to_train, strategy, batch):
    """Wrong way: a layer of your own that hands the variables of hub.load to Keras 3, to be trained."""
    trained = fit(model, strategy, batch, lambda: Trainable(shared_to_train))
    assert len(trained) == len(shared_to_train.trainable_variables) + 2
