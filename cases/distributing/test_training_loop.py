"""A training loop of your own under a strategy: without Keras' fit, and without hub.KerasLayer."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.devices("mirrored-2", "tpu", "gpu"),
    pytest.mark.models(format="saved_model_2", interface="dict"),
    pytest.mark.needs("eager execution"),
]


@pytest.mark.declared(
    raises="ValueError",
    match="You must specify an aggregation method to update a MirroredVariable in Replica Context",
    when="tensorflow<2.3",
    instead="before TensorFlow 2.3: return the gradients from strategy.run, strategy.reduce them, and assign once outside of it",
    proof="cases/distributing/test_training_loop.py::test_assign_outside",
)
def test_run(model, strategy, run, batch, unmoved):
    """hub.load in the scope, strategy.run for each batch, gradients summed in each step: all weights move, the loss falls."""
    handle, width, (texts, labels) = model.handle, model.width, batch

    batch_size = 2 * strategy.num_replicas_in_sync
    dataset = tf.data.Dataset.from_tensor_slices((texts, labels)).batch(batch_size, drop_remainder=True)

    with strategy.scope():
        encoder = hub.load(handle)
        head = tf.Variable(tf.zeros([width, 1]))

    def replica_step(texts, labels):
        weights = [*encoder.trainable_variables, head]
        with tf.GradientTape() as tape:
            scores = tf.matmul(encoder(texts, training=True)["pooled_output"], head)
            loss = tf.reduce_sum((scores - labels) ** 2) / batch_size
        gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, weights)]
        summed = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        for weight, gradient in zip(weights, summed):
            weight.assign_sub(0.02 * gradient)
        return loss

    @tf.function
    def step(texts, labels):
        return strategy.reduce(tf.distribute.ReduceOp.SUM, run(replica_step, args=(texts, labels)), axis=None)

    losses = []
    for _ in range(3):
        for part in strategy.experimental_distribute_dataset(dataset):
            losses.append(float(step(*part)))

    assert losses[2] < losses[0]
    assert not unmoved(encoder.trainable_variables, published(handle))


def published(handle):
    """The weights that hub.load gives, as arrays."""
    return [weight.numpy() for weight in hub.load(handle).trainable_variables]


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError"),
    match="No gradient defined for op",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: take that",
    link="docs/tpu.md",
)
def test_assign_outside(model, strategy, run, batch, unmoved):
    """Gradients as they come from strategy.run, strategy.reduce of them, one assignment for all replicas: all weights move."""
    with strategy.scope():
        encoder = hub.load(model.handle)
    size = len(batch[1])
    dataset = tf.data.Dataset.from_tensor_slices((batch[0], batch[1] - 0.5)).batch(size, drop_remainder=True)

    def replica_step(texts, labels):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((encoder(texts)["pooled_output"] - labels) ** 2) / (size * model.width)
        gradients = tape.gradient(loss, encoder.trainable_variables)
        return [loss] + [tf.convert_to_tensor(gradient) for gradient in gradients]

    @tf.function
    def step(texts, labels):
        of_each_replica = run(replica_step, args=(texts, labels))
        return [strategy.reduce(tf.distribute.ReduceOp.SUM, parts, axis=None) for parts in of_each_replica]

    losses = []
    for _ in range(3):
        for part in strategy.experimental_distribute_dataset(dataset):
            loss, *gradients = step(*part)
            losses.append(float(loss))
            for weight, gradient in zip(encoder.trainable_variables, gradients):
                weight.assign_sub(0.02 * gradient)

    assert losses[2] < losses[0]
    assert not unmoved(encoder.trainable_variables, published(model.handle))
