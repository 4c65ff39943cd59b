"""How a batch is divided: batch sizes are global, each replica has its share, the shape of one text stays what it is."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.devices("mirrored-2", "tpu", "gpu"),
    pytest.mark.models(format="saved_model_2", interface="dict"),
    pytest.mark.needs("eager execution"),
]


def per_replica(strategy, run, function, dataset):
    """What the function gives on each replica, for each batch of the dataset."""
    step = tf.function(lambda inputs: run(function, args=(inputs,)))
    outputs = [step(inputs) for inputs in dataset]
    return [[float(part) for part in getattr(output, "values", [output])] for output in outputs]


def test_share(strategy, run):
    """batch(n) is the global batch: each replica sees n / replicas texts of full length, and they are the texts in their order."""
    replicas = strategy.num_replicas_in_sync
    texts = np.repeat(np.arange(2 * replicas), 16).reshape(2 * replicas, 16)
    parts = list(strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices(texts).batch(2 * replicas)))
    assert per_replica(strategy, run, lambda rows: tf.shape(rows)[0], parts) == [[2] * replicas]
    assert per_replica(strategy, run, lambda rows: tf.shape(rows)[1], parts) == [[16] * replicas]
    assert per_replica(strategy, run, lambda rows: rows[0, 0], parts) == [[2 * replica for replica in range(replicas)]]


@pytest.mark.devices("mirrored-2")
def test_last_batch(model, strategy, run, shared, pooled, assert_near):
    """Three texts in batches of two: the last one goes to one replica, the other gets an empty batch. A sum takes no harm."""
    three = {name: np.concatenate([rows, rows[:1]]) for name, rows in model.inputs.items()}
    parts = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices(three).batch(2))
    texts = per_replica(strategy, run, lambda inputs: tf.shape(inputs["input_mask"])[0], parts)
    sums = per_replica(strategy, run, lambda inputs: tf.reduce_sum(shared(inputs)["pooled_output"] ** 2), parts)
    assert texts == [[1, 1], [1, 0]]
    squares = [float(square) for square in (pooled**2).sum(axis=1)]
    assert_near(sums, [squares, [squares[0], 0.0]])  # the third text is the first


@pytest.mark.devices("mirrored-2")
@pytest.mark.declared(
    raises="AssertionError",
    match="a replica's loss is NaN",
    instead="the mean of nothing is NaN: divide a sum by the global batch size",
    proof="cases/distributing/test_batches.py::test_last_batch",
)
def test_mean_of_the_last_batch(model, strategy, run, shared):
    """Wrong way: tf.reduce_mean on each replica. On the one with an empty batch the loss is NaN."""
    three = {name: np.concatenate([rows, rows[:1]]) for name, rows in model.inputs.items()}
    parts = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices(three).batch(2))
    means = per_replica(strategy, run, lambda inputs: tf.reduce_mean(shared(inputs)["pooled_output"] ** 2), parts)
    assert np.isfinite(means).all(), "a replica's loss is NaN"


@pytest.mark.devices("mirrored-2")
def test_fit_with_a_last_batch(model, shared, strategy, keras):
    """fit on three texts in batches of two, with an empty batch on one replica: Keras' loss stays finite."""
    with strategy.scope():
        inputs = {name: keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
        network = keras.Model(inputs, keras.layers.Dense(1)(hub.KerasLayer(shared)(inputs)["pooled_output"]))
        network.compile("sgd", "mse")
    three = {name: np.concatenate([rows, rows[:1]]) for name, rows in model.inputs.items()}
    losses = network.fit(three, np.ones([3, 1]), batch_size=2, epochs=2, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
