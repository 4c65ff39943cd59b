"""compile() and fit(): what Keras runs for each batch, train_step, as one program for the TPU."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.devices("tpu-v5e"), pytest.mark.models(format="saved_model_2", interface="dict")]
LABELS = np.array([[1.0], [0.0]], np.float32)


@pytest.fixture
def train_step():
    """train_step(network) is what fit() calls with every batch. Before `loaded`: a case that is skipped loads nothing."""
    if not hasattr(tf.keras.Model, "train_step"):
        pytest.skip(f"Keras of TensorFlow {tf.__version__} has no train_step")
    return lambda network: lambda inputs, labels: network.train_step((inputs, labels))


def classifier(keras, model, encode):
    """A functional model; `encode` is called with the inputs."""
    inputs = {name: keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    return keras.Model(inputs, keras.layers.Dense(1)(encode(inputs)))


def test_functional(model, train_step, loaded, compiled):
    """tf.keras, a functional model around hub.KerasLayer(trainable=True): its train_step compiles."""
    network = classifier(tf.keras, model, hub.KerasLayer(loaded, trainable=True, output_key="pooled_output"))
    network.compile(tf.keras.optimizers.SGD(0.001), "mse")
    compiled(train_step(network), model.inputs, LABELS)


def test_tf_keras(model, tf_keras, train_step, loaded, compiled):
    """import tf_keras, Keras 2 beside a tf.keras that is Keras 3: the same."""
    if not issubclass(hub.KerasLayer, tf_keras.layers.Layer):
        pytest.skip("here hub.KerasLayer is a layer of tf.keras")
    network = classifier(tf_keras, model, hub.KerasLayer(loaded, trainable=True, output_key="pooled_output"))
    network.compile(tf_keras.optimizers.SGD(0.001), "mse")
    compiled(train_step(network), model.inputs, LABELS)


@pytest.fixture
def tf_keras():
    return pytest.importorskip("tf_keras")


class Encoder(tf.keras.layers.Layer):
    """For Keras 3, which doesn't take hub.KerasLayer. The list of weights makes Keras train them."""

    def __init__(self, loaded, width):
        super().__init__()
        self.encoder = loaded  # hub.load(handle)
        self.encoder_weights = list(loaded.trainable_variables)
        self.width = width

    def call(self, inputs):
        return self.encoder(inputs, training=True)["pooled_output"]

    def compute_output_shape(self, shapes):
        return (shapes["input_word_ids"][0], self.width)


def test_own_layer(model, train_step, loaded, compiled):
    """tf.keras, a functional model around a layer of your own with hub.load: its train_step compiles, also in Keras 3."""
    network = classifier(tf.keras, model, Encoder(loaded, model.width))
    network.compile(tf.keras.optimizers.SGD(0.001), "mse")
    compiled(train_step(network), model.inputs, LABELS)


def test_sequential(model, train_step, loaded, compiled):
    """Sequential([hub.KerasLayer(handle, output_key="pooled_output"), Dense]), fed a dict: its train_step compiles."""
    encoder = hub.KerasLayer(loaded, output_key="pooled_output")
    network = tf.keras.Sequential([encoder, tf.keras.layers.Dense(1)])
    network.compile(tf.keras.optimizers.SGD(0.001), "mse")
    compiled(train_step(network), model.inputs, LABELS)


@pytest.mark.xfail(
    raises=(ValueError, TypeError, AttributeError), strict=False, reason="the encoder gives a dict: output_key='pooled_output'"
)
def test_sequential_without_output_key(model, train_step, loaded, compiled):
    """Wrong way: Sequential([hub.KerasLayer(handle), Dense]), which compile() accepts and fit() doesn't, with or without a TPU."""
    network = tf.keras.Sequential([hub.KerasLayer(loaded), tf.keras.layers.Dense(1)])
    network.compile(tf.keras.optimizers.SGD(0.001), "mse")
    compiled(train_step(network), model.inputs, LABELS)


def test_pooling(model, train_step, loaded, compiled):
    """The mean over the tokens, GlobalAveragePooling1D of sequence_output: its train_step compiles."""
    encoder = hub.KerasLayer(loaded, trainable=True, output_key="sequence_output")
    network = classifier(tf.keras, model, lambda inputs: tf.keras.layers.GlobalAveragePooling1D()(encoder(inputs)))
    network.compile(tf.keras.optimizers.SGD(0.001), "mse")
    compiled(train_step(network), model.inputs, LABELS)


@pytest.mark.xfail(
    raises=(ValueError, TypeError),
    strict=False,
    reason="an encoder takes three tensors of int32, not one of float32: functional API",
)
def test_input_layer(model, loaded, compiled):
    """Wrong way: one InputLayer(input_shape=(None, 128)) above the encoder, said to help under TPUStrategy."""
    above = tf.keras.layers.InputLayer(input_shape=(None, 128))
    pooling = tf.keras.layers.GlobalAveragePooling1D()
    network = tf.keras.Sequential([above, hub.KerasLayer(loaded), pooling, tf.keras.layers.Dense(1)])
    network.compile(tf.keras.optimizers.SGD(0.001), "mse")
    compiled(lambda *batch: network.train_step(batch), model.inputs, LABELS)


def test_strategy_run(model, loaded, compiled):
    """A training loop of your own: strategy.run with a replica function, in the compiled step."""
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    run = getattr(strategy, "run", None) or strategy.experimental_run_v2  # up to TensorFlow 2.1
    with strategy.scope():
        encoder = hub.KerasLayer(loaded, trainable=True)
        head = tf.Variable(tf.zeros([model.width, 1]))

    def replica(inputs, labels):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.matmul(encoder(inputs)["pooled_output"], head) - labels) ** 2)
        weights = [*encoder.trainable_variables, head]
        for weight, gradient in zip(weights, tape.gradient(loss, weights)):
            weight.assign_sub(0.001 * tf.convert_to_tensor(gradient))
        return loss

    compiled(lambda inputs, labels: run(replica, args=(inputs, labels)), model.inputs, LABELS)


@pytest.mark.xfail(
    raises=(ValueError, TypeError, RuntimeError, AttributeError),
    strict=False,
    reason="strategy.run around the step, not inside the model",
)
def test_strategy_run_in_the_model(model, loaded):
    """Wrong way: strategy.run as a part of a functional model."""
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    run = getattr(strategy, "run", None) or strategy.experimental_run_v2
    with strategy.scope():
        encoder = hub.KerasLayer(loaded)

        def replica(inputs):
            mean = strategy.reduce(tf.distribute.ReduceOp.MEAN, encoder(inputs)["pooled_output"], axis=None)
            return tf.keras.layers.Dense(10)(mean)

        tf.keras.Model(inputs=tf.keras.Input(shape=(128,)), outputs=run(replica))
