"""compile() and fit(): what Keras runs for each batch, train_step, as one program for the TPU."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.devices("tpu-v5e"), pytest.mark.models(format="saved_model_2", interface="dict")]
LABELS = np.array([[1.0], [0.0]], np.float32)


def train_step(network):
    """What fit() calls with every batch."""
    return lambda inputs, labels: network.train_step((inputs, labels))


def classifier(keras, model, encode):
    """A functional model; `encode` is called with the inputs."""
    inputs = {name: keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    return keras.Model(inputs, keras.layers.Dense(1)(encode(inputs)))


def assert_trains(program, weights):
    """A program gives back the weights that it changes. All weights here are float32."""
    size = 4 * sum(int(np.prod(weight.shape)) for weight in weights)
    assert program.output_bytes >= size, (
        f"the encoder isn't trained: {program.output_bytes} of {size} bytes of its weights come back"
    )


@pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer", "tf.keras.Model.train_step")
def test_functional(model, loaded, compiled):
    """tf.keras, a functional model around hub.KerasLayer(trainable=True): its train_step compiles, and trains the encoder."""
    network = classifier(tf.keras, model, hub.KerasLayer(loaded, trainable=True, output_key="pooled_output"))
    network.compile(tf.keras.optimizers.SGD(0.001), "mse")
    assert len(network.trainable_weights) == len(loaded.trainable_variables) + 2
    assert_trains(compiled(train_step(network), model.inputs, LABELS), loaded.trainable_variables)


@pytest.mark.lacks("tf.keras.Model.train_step")
@pytest.mark.declared(
    raises="AttributeError",
    match="has no attribute 'train_step'",
    instead="train_step came with TensorFlow 2.2: before, a tf.GradientTape and a step of your own",
    proof="cases/compiling/test_finetune.py::test_dict",
)
def test_train_step_where_there_is_none(compiled):
    """train_step in a Keras that is older than it."""
    network = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    network.compile("sgd", "mse")
    compiled(lambda *batch: network.train_step(batch), LABELS, LABELS)


@pytest.fixture
def tf_keras():
    import tf_keras

    return tf_keras


@pytest.mark.needs("tf_keras")
@pytest.mark.declared(
    raises=("TypeError", "ValueError"),
    match="KerasTensor",
    when="tensorflow<2.16",
    instead="up to TensorFlow 2.15 hub.KerasLayer is a layer of tf.keras, which is Keras 2: write tf.keras",
    proof="cases/compiling/test_fit.py::test_functional",
)
def test_tf_keras(model, tf_keras, loaded, compiled):
    """import tf_keras, Keras 2 beside a tf.keras that is Keras 3: the same."""
    network = classifier(tf_keras, model, hub.KerasLayer(loaded, trainable=True, output_key="pooled_output"))
    network.compile(tf_keras.optimizers.SGD(0.001), "mse")
    assert_trains(compiled(train_step(network), model.inputs, LABELS), loaded.trainable_variables)


class Encoder(tf.keras.layers.Layer):
    """A layer of your own; the list of weights makes Keras 2 train them."""

    def __init__(self, loaded, width):
        super().__init__()
        self.encoder = loaded  # hub.load(handle)
        self.encoder_weights = list(loaded.trainable_variables)
        self.width = width

    def call(self, inputs):
        return self.encoder(inputs, training=True)["pooled_output"]

    def compute_output_shape(self, shapes):
        return (shapes["input_word_ids"][0], self.width)


@pytest.mark.needs("tf.keras.Model.train_step")
@pytest.mark.declared(
    raises="AssertionError",
    match="the encoder isn't trained",
    when="tensorflow>=2.16 and keras=default",
    instead="Keras 3 trains variables of its own alone, and says nothing: a step of your own, or TFSMLayer from Keras 3.10 on",
    proof="cases/compiling/test_finetune.py::test_dict",
)
def test_own_layer(model, loaded, compiled):
    """tf.keras, a layer of your own with hub.load and a list of its weights: its train_step compiles, and trains the encoder."""
    network = classifier(tf.keras, model, Encoder(loaded, model.width))
    network.compile(tf.keras.optimizers.SGD(0.001), "mse")
    assert_trains(compiled(train_step(network), model.inputs, LABELS), loaded.trainable_variables)


@pytest.mark.declared(
    raises="AttributeError",
    match="object has no attribute 'regularizer'",
    when="package(keras)<3.10",
    instead="before Keras 3.10 what TFSMLayer loads can't be trained: pip install -U keras, or a training loop of your own",
    proof="cases/compiling/test_finetune.py::test_dict",
)
@pytest.mark.needs("tf.keras.layers.TFSMLayer")
def test_tfsm_layer(model, compiled):
    """tf.keras of Keras 3, a functional model around TFSMLayer: its train_step compiles, and trains the encoder."""
    encoder = tf.keras.layers.TFSMLayer(hub.resolve(model.handle), call_endpoint="__call__")
    network = classifier(tf.keras, model, lambda inputs: encoder(inputs)["pooled_output"])
    network.compile(tf.keras.optimizers.SGD(0.001), "mse")
    assert_trains(compiled(train_step(network), model.inputs, LABELS), encoder.trainable_weights)


@pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer", "tf.keras.Model.train_step")
def test_sequential(model, loaded, compiled):
    """Sequential([hub.KerasLayer(handle, output_key="pooled_output"), Dense]), fed a dict: its train_step compiles."""
    encoder = hub.KerasLayer(loaded, output_key="pooled_output")
    network = tf.keras.Sequential([encoder, tf.keras.layers.Dense(1)])
    network.compile(tf.keras.optimizers.SGD(0.001), "mse")
    assert_trains(compiled(train_step(network), model.inputs, LABELS), network.layers[1].trainable_weights)


@pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer", "tf.keras.Model.train_step")
@pytest.mark.declared(
    raises="ValueError",
    match=r"expects 1 input\(s\), but it received \d input tensors|should have a single output tensor",
    instead='the encoder gives a dict: hub.KerasLayer(handle, output_key="pooled_output")',
    proof="cases/compiling/test_fit.py::test_sequential",
)
def test_sequential_without_output_key(model, loaded, compiled):
    """Wrong way: Sequential([hub.KerasLayer(handle), Dense]), which compile() accepts and fit() doesn't, with or without a TPU."""
    network = tf.keras.Sequential([hub.KerasLayer(loaded), tf.keras.layers.Dense(1)])
    network.compile(tf.keras.optimizers.SGD(0.001), "mse")
    compiled(train_step(network), model.inputs, LABELS)


@pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer", "tf.keras.Model.train_step")
def test_pooling(model, loaded, compiled):
    """The mean over the tokens, GlobalAveragePooling1D of sequence_output: its train_step compiles, and trains all below it."""
    encoder = hub.KerasLayer(loaded, trainable=True, output_key="sequence_output")
    network = classifier(tf.keras, model, lambda inputs: tf.keras.layers.GlobalAveragePooling1D()(encoder(inputs)))
    network.compile(tf.keras.optimizers.SGD(0.001), "mse")
    below = [weight for weight in loaded.trainable_variables if "pooler" not in weight.name]
    assert_trains(compiled(train_step(network), model.inputs, LABELS), below)


@pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer", "tf.keras.Model.train_step")
@pytest.mark.declared(
    raises="ValueError",
    match="Could not find matching (concrete )?function to call loaded from the SavedModel",
    instead="an encoder takes three tensors of int32, not one of float32: use the functional API",
    proof="cases/compiling/test_fit.py::test_functional",
)
def test_input_layer(model, loaded, compiled):
    """Wrong way: one InputLayer(input_shape=(None, 128)) above the encoder, said to help under TPUStrategy."""
    above = tf.keras.layers.InputLayer(input_shape=(None, 128))
    pooling = tf.keras.layers.GlobalAveragePooling1D()
    network = tf.keras.Sequential([above, hub.KerasLayer(loaded), pooling, tf.keras.layers.Dense(1)])
    network.compile(tf.keras.optimizers.SGD(0.001), "mse")
    compiled(train_step(network), model.inputs, LABELS)


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError", "AttributeError"),
    match="No gradient defined for op|'FuncGraph' object has no attribute 'outer_graph'",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/compiling/test_finetune.py::test_frozen",
)
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


@pytest.mark.declared(
    raises="RuntimeError",
    match="Method requires being in cross-replica context",
    instead="strategy.run goes around the whole step, not into the model, and needs args=; strategy.reduce goes around that",
    proof="cases/compiling/test_fit.py::test_strategy_run",
)
def test_strategy_run_in_the_model(model, loaded):
    """Wrong way: strategy.run, with strategy.reduce in it, for the outputs of a functional model."""
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    run = getattr(strategy, "run", None) or strategy.experimental_run_v2
    with strategy.scope():
        encoder = hub.KerasLayer(loaded)

        def replica(inputs):
            mean = strategy.reduce(tf.distribute.ReduceOp.MEAN, encoder(inputs)["pooled_output"], axis=None)
            return tf.keras.layers.Dense(10)(mean)

        tf.keras.Model(inputs=tf.keras.Input(shape=(128,)), outputs=run(replica, args=(model.inputs,)))
