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
    """hub.load in the scope, strategy.run for each batch, a sum over replicas in each step: the loss falls."""
    with strategy.scope():
        encoder = hub.load(model.handle)
        head = tf.Variable(tf.zeros([model.width, 1]))
    size = len(batch[1])
    dataset = tf.data.Dataset.from_tensor_slices(batch).batch(size, drop_remainder=True)

    def replica_step(inputs, labels):
        weights = [*encoder.trainable_variables, head]
        with tf.GradientTape() as tape:
            scores = tf.matmul(encoder(inputs, training=True)["pooled_output"], head)
            loss = tf.reduce_sum((scores - labels) ** 2) / size
        gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, weights)]
        for weight, gradient in zip(weights, tf.distribute.get_replica_context().all_reduce("sum", gradients)):
            weight.assign_sub(0.02 * gradient)
        return loss

    @tf.function
    def step(inputs, labels):
        return strategy.reduce("sum", run(replica_step, args=(inputs, labels)), axis=None)

    losses = [float(step(*part)) for _ in range(3) for part in strategy.experimental_distribute_dataset(dataset)]
    assert losses[2] < losses[0]
    assert np.isfinite(losses).all()
