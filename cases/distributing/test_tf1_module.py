"""A module in TF1 Hub format under a strategy of TF2."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.devices("mirrored-2", "tpu", "gpu"),
    pytest.mark.models(format="hub"),
    pytest.mark.needs("eager execution"),
]


def tokens(inputs):
    """The inputs under the names of a TF1 module."""
    return {
        "input_ids": inputs["input_word_ids"],
        "input_mask": inputs["input_mask"],
        "segment_ids": inputs["input_type_ids"],
    }


def test_run(model, strategy, run, batch, assert_near):
    """hub.load in the scope, its signature in strategy.run: what one device gives, texts in their order."""
    with strategy.scope():
        module = hub.load(model.handle)
    dataset = tf.data.Dataset.from_tensor_slices(tokens(batch[0])).batch(len(batch[1]), drop_remainder=True)
    step = tf.function(lambda rows: run(lambda own: module.signatures["tokens"](**own)["pooled_output"], args=(rows,)))
    for rows in strategy.experimental_distribute_dataset(dataset):
        outputs = step(rows)
        pooled = np.concatenate([np.array(part) for part in getattr(outputs, "values", [outputs])])
    assert_near(pooled, model.outputs["pooled_output"].repeat(strategy.num_replicas_in_sync, axis=0))


@pytest.mark.declared(
    raises="AttributeError",
    match="object has no attribute 'values'",
    instead="a TF1 module makes its variables in a graph of its own: reduce the gradients, and assign once for all replicas",
    proof="cases/distributing/test_tf1_module.py::test_train",
)
def test_copies(model, strategy):
    """Wrong belief: what hub.load makes in the scope has a copy on every device. That of a TF1 module has one for all."""
    with strategy.scope():
        module = hub.load(model.handle)
    assert {len(variable.values) for variable in module.variables} == {strategy.num_replicas_in_sync}


@pytest.mark.declared(
    raises="ValueError",
    match="was not created in the distribution strategy scope",
    instead="a TF1 module's variables are not the strategy's: use its signature in strategy.run",
    proof="cases/distributing/test_tf1_module.py::test_run",
)
def test_fit(model, strategy, batch, keras):
    """Wrong way: hub.KerasLayer with the signature in the scope, in a Keras model, even if only the head is trained."""
    with strategy.scope():
        encoder = hub.KerasLayer(model.handle, signature="tokens", output_key="pooled_output")
        inputs = {name: keras.Input([None], dtype=tf.int32, name=name) for name in tokens(model.inputs)}
        network = keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="zeros")(encoder(inputs)))
        network.compile(keras.optimizers.SGD(0.02), "mse")
    losses = network.fit(tokens(batch[0]), batch[1], batch_size=len(batch[1]), epochs=3, verbose=0).history["loss"]
    assert losses[2] < losses[0]


def test_train(model, strategy, run, batch):
    """A tape in strategy.run, strategy.reduce of the gradients, one assignment for all replicas: the loss falls."""
    with strategy.scope():
        module = hub.load(model.handle)
    size = len(batch[1])
    dataset = tf.data.Dataset.from_tensor_slices((tokens(batch[0]), batch[1] - 0.5)).batch(size, drop_remainder=True)

    def replica_step(own, labels):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((module.signatures["tokens"](**own)["pooled_output"] - labels) ** 2) / (size * model.width)
        return [loss] + [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, module.variables)]

    @tf.function
    def step(own, labels):
        of_each_replica = run(replica_step, args=(own, labels))
        return [strategy.reduce(tf.distribute.ReduceOp.SUM, parts, axis=None) for parts in of_each_replica]

    losses = []
    for _ in range(3):
        for part in strategy.experimental_distribute_dataset(dataset):
            loss, *gradients = step(*part)
            losses.append(float(loss))
            for variable, gradient in zip(module.variables, gradients):
                variable.assign_sub(0.02 * gradient)
    assert losses[2] < losses[0]
