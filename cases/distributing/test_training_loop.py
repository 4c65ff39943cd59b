"""A training loop of your own under a strategy: without Keras' fit, and without hub.KerasLayer."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.devices("mirrored-2", "tpu", "gpu"),
    pytest.mark.models(format="saved_model_2", interface="dict"),
]


def test_run(model, strategy, run, batch):
    """hub.load in the scope, strategy.run for each batch, gradients summed over replicas in each step: the loss falls."""
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
    assert np.isfinite(losses).all()
