"""Two replicas compute what one device does: the same losses, gradients and outputs, on two logical CPUs."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.devices("mirrored-2"),
    pytest.mark.models(format="saved_model_2", interface="dict"),
    pytest.mark.needs("eager execution"),
]


def difference(some, others):
    return max(float(np.abs(np.array(one, np.float32) - np.array(other, np.float32)).max()) for one, other in zip(some, others))


def loss_and_gradients(encoder, inputs):
    """Those of a mean over two texts, of which `inputs` may hold fewer."""
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(encoder(inputs)["pooled_output"] ** 2) / 2
    return [loss] + [tf.convert_to_tensor(one) for one in tape.gradient(loss, encoder.trainable_variables)]


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError", "AttributeError"),
    match="No gradient defined for op|'FuncGraph' object has no attribute 'outer_graph'",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: take that",
    link="docs/tpu.md",
)
def test_gradients(model, loaded, shared, strategy, run, pooled, record_property):
    """Loss and gradients, summed over replicas that each saw one text of two."""
    dataset = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices(model.inputs).batch(2))

    @tf.function
    def step(inputs):
        partial = run(loss_and_gradients, args=(shared, inputs))
        return [strategy.reduce(tf.distribute.ReduceOp.SUM, one, axis=None) for one in partial]

    (distributed,) = [step(inputs) for inputs in dataset]
    # In a tf.function too: after a gradient that was taken eagerly, test_fit's would fail, "a variable without handle data".
    alone_step = tf.function(lambda inputs: loss_and_gradients(loaded, inputs))
    alone = alone_step({name: tf.constant(rows) for name, rows in model.inputs.items()})
    drift = difference(distributed, alone)
    record_property("drift", drift)
    assert drift <= 1e-5
    assert np.isclose(distributed[0], np.sum(pooled**2) / 2, rtol=1e-4)
    assert any(np.array(gradient).any() for gradient in distributed[1:])


def fit(keras, model, loaded):
    """Losses of three steps of fit, and the weights after them. training=False: dropout is another one on each device."""
    encoder = hub.KerasLayer(loaded, trainable=True)
    inputs = {name: keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    score = keras.layers.Dense(1, kernel_initializer="zeros")(encoder(inputs, training=False)["pooled_output"])
    network = keras.Model(inputs, score)
    network.compile(keras.optimizers.SGD(0.02), "mse")
    losses = network.fit(model.inputs, np.array([[1.0], [0.0]]), batch_size=2, epochs=3, verbose=0).history["loss"]
    return [losses, *network.get_weights()]


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError"),
    match="No gradient defined for op",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: take that",
    link="docs/tpu.md",
)
def test_fit(model, loaded_to_train, shared_to_train, strategy, record_property, keras):
    """compile() and fit(): losses and weights after three steps, with a batch of two texts for one device or for two."""
    alone = fit(keras, model, loaded_to_train)
    with strategy.scope():
        distributed = fit(keras, model, shared_to_train)
    drift = difference(distributed, alone)
    record_property("drift", drift)
    assert drift <= 1e-5
    assert distributed[0][2] < distributed[0][0]


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="Trying to access a placeholder that is not supposed to be executed",
    when="tensorflow=2.0",
    instead="TensorFlow 2.0 doesn't run a loaded model under a strategy: take 2.1 or newer",
    link="docs/tpu.md",
)
def test_predict(model, shared, strategy, pooled, record_property, keras):
    """predict(): the outputs are put together again, in the order of the inputs."""
    with strategy.scope():
        inputs = {name: keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
        network = keras.Model(inputs, hub.KerasLayer(shared)(inputs)["pooled_output"])
    drift = difference([network.predict(model.inputs)], [pooled])
    record_property("drift", drift)
    assert drift <= 1e-5
