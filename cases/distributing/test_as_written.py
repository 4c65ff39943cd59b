"""What a widely read answer on BERT under TPUStrategy advises, done: compile(), "sharded" outputs, input shapes, strategy.run."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.devices("mirrored-2", "tpu", "gpu"),
    pytest.mark.models(format="saved_model_2", interface="dict"),
    pytest.mark.needs("eager execution"),
]


def test_compile(shared, strategy, keras):
    """compile() runs nothing: a Sequential that has seen no input has no weights of its own, before and after."""
    with strategy.scope():
        head = keras.layers.Dense(10)
        network = keras.Sequential([hub.KerasLayer(shared, output_key="pooled_output"), head])
        network.compile(optimizer="adam", loss="mse")
    assert not head.built


@pytest.mark.declared(
    raises="ValueError",
    match="Passing a dictionary input to a Sequential Model which doesn't have FeatureLayer",
    when="tensorflow=2.0",
    instead="TensorFlow 2.0's Sequential takes no dict: use the functional API, from 2.1 on under a strategy",
    link="docs/tpu.md",
)
def test_sequential(shared, strategy, batch, first_loss, assert_near, keras):
    """Sequential([hub.KerasLayer(handle, output_key="pooled_output"), Dense]) in the scope: compile() and fit() work."""
    with strategy.scope():
        encoder = hub.KerasLayer(shared, output_key="pooled_output")
        network = keras.Sequential([encoder, keras.layers.Dense(1, kernel_initializer="ones")])
        network.compile(optimizer="adam", loss="mse")
    losses = network.fit(batch[0], batch[1], batch_size=len(batch[1]), verbose=0).history["loss"]
    assert_near(losses, [first_loss])


@pytest.mark.declared(
    raises="ValueError",
    match="Passing a dictionary input to a Sequential Model which doesn't have FeatureLayer",
    when="tensorflow=2.0",
    instead="TensorFlow 2.0's Sequential takes no dict: use the functional API, from 2.1 on under a strategy",
    link="docs/tpu.md",
)
@pytest.mark.declared(
    raises="ValueError",
    match=r"expects 1 input\(s\), but it received \d input tensors|should have a single output tensor",
    instead='the encoder gives a dict: hub.KerasLayer(handle, output_key="pooled_output")',
    proof="cases/distributing/test_as_written.py::test_sequential",
)
def test_sequential_of_a_dict(shared, strategy, batch, keras):
    """Wrong way: Sequential([hub.KerasLayer(handle), Dense]). compile() takes it, fit() fails: with a strategy as without one."""
    with strategy.scope():
        network = keras.Sequential([hub.KerasLayer(shared), keras.layers.Dense(1)])
        network.compile(optimizer="adam", loss="mse")
    network.fit(batch[0], batch[1], batch_size=len(batch[1]), verbose=0)


def test_outputs_are_tensors(model, shared, strategy, run, batch, pooled, assert_near, keras):
    """Inside of strategy.run the encoder gives an ordinary tensor, [texts of this replica, width]: a matmul or Dense takes it."""
    with strategy.scope():
        head = keras.layers.Dense(1, kernel_initializer="ones")
        head.build([None, model.width])
    seen = []

    def replica_step(inputs):
        seen.append(shared(inputs)["pooled_output"])
        return head(seen[-1])

    size = len(batch[1])
    dataset = tf.data.Dataset.from_tensor_slices(batch[0]).batch(size, drop_remainder=True)
    step = tf.function(lambda inputs: run(replica_step, args=(inputs,)))
    (scores,) = [step(inputs) for inputs in strategy.experimental_distribute_dataset(dataset)]
    assert all(isinstance(tensor, tf.Tensor) for tensor in seen)
    assert {tuple(tensor.shape) for tensor in seen} == {(size // strategy.num_replicas_in_sync, model.width)}
    right = pooled.sum(axis=1, keepdims=True).repeat(strategy.num_replicas_in_sync, axis=0)
    assert_near(np.concatenate([np.array(part) for part in getattr(scores, "values", [scores])]), right)


def predict(keras, loaded, strategy, texts, shape, batch_size=None):
    """The scores of one global batch, by a model whose inputs have that shape (and batch size): sums of its pooled_output."""
    with strategy.scope():
        inputs = {name: keras.Input(shape, batch_size, dtype=tf.int32, name=name) for name in texts}
        head = keras.layers.Dense(1, kernel_initializer="ones")
        network = keras.Model(inputs, head(hub.KerasLayer(loaded)(inputs)["pooled_output"]))
    return network.predict(texts, batch_size=len(texts["input_mask"]))


@pytest.fixture
def assert_scores(strategy, pooled, assert_near):
    """assert_scores(what `predict` gave): they are those without a strategy, in the order of the texts."""
    right = pooled.sum(axis=1, keepdims=True).repeat(strategy.num_replicas_in_sync, axis=0)
    return lambda scores: assert_near(scores, right)


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="Trying to access a placeholder that is not supposed to be executed",
    when="tensorflow=2.0",
    instead="TensorFlow 2.0 doesn't run a loaded model under a strategy: take 2.1 or newer",
    link="docs/tpu.md",
)
def test_input_shape(shared, strategy, batch, assert_scores, keras):
    """An Input has the shape of one text, [length], as without a strategy: replicas divide the batch, not the text."""
    texts = batch[0]
    assert_scores(predict(keras, shared, strategy, texts, texts["input_mask"].shape[1:]))


@pytest.mark.declared(
    raises="ValueError",
    match=r"expected input_mask to have shape \(8,\) but got array with shape \(16,\)",
    when="tensorflow=2.0",
    instead="a replica has fewer texts, each of full length: Input([length])",
)
@pytest.mark.declared(
    raises="ValueError",
    match=r"expected shape=\(None, 8\), found shape=\(\d+, 16\)",
    when="not tensorflow=2.2",
    instead="a replica has fewer texts, each of full length: Input([length])",
    proof="cases/distributing/test_as_written.py::test_input_shape",
)
def test_input_shape_of_a_shard(shared, strategy, batch, keras):
    """Wrong way: an Input with the length divided by the number of replicas."""
    texts = batch[0]
    predict(keras, shared, strategy, texts, [texts["input_mask"].shape[1] // 2])


@pytest.mark.declared(
    raises="ValueError",
    match="is incompatible with the specified batch size of your Input Layer",
    when="tensorflow=2.0",
    instead="leave the batch size out of Input",
    link="docs/tpu.md",
)
def test_batch_size_of_a_replica(shared, strategy, batch, assert_scores, keras):
    """An Input with a fixed batch size, that of one replica, takes the global batch."""
    texts, labels = batch
    size = len(labels) // strategy.num_replicas_in_sync
    assert_scores(predict(keras, shared, strategy, texts, texts["input_mask"].shape[1:], size))


@pytest.mark.declared(
    raises="ValueError",
    match="is incompatible with the specified batch size of your Input Layer",
    when="tensorflow=2.0",
    instead="leave the batch size out of Input",
    link="docs/tpu.md",
)
def test_batch_size_of_all(shared, strategy, batch, assert_scores, keras):
    """An Input with a fixed batch size, the global one, takes the global batch as well."""
    texts, labels = batch
    assert_scores(predict(keras, shared, strategy, texts, texts["input_mask"].shape[1:], len(labels)))


@pytest.mark.declared(
    raises="AttributeError",
    match="'PerReplica' object has no attribute 'op'",
    when="tensorflow=2.0 or tensorflow=2.2",
    instead="a training loop of your own, with strategy.run around the whole step",
)
@pytest.mark.declared(
    raises="ValueError",
    match=r"Output tensors (of|to) a \w+( model)? must be the output of a TensorFlow `Layer`",
    instead="fit() calls strategy.run itself; in a training loop of your own it goes around the whole step",
    proof="cases/distributing/test_training_loop.py::test_run",
)
def test_run_as_outputs(model, shared, strategy, run, keras):
    """Wrong way: outputs=strategy.run(replica_step) of a functional model."""
    with strategy.scope():
        encoder = hub.KerasLayer(shared)
        inputs = {name: keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
        keras.Model(inputs, run(lambda rows: keras.layers.Dense(10)(encoder(rows)["pooled_output"]), args=(inputs,)))


@pytest.mark.declared(
    raises="TypeError",
    match="missing 1 required positional argument: 'inputs'",
    instead="strategy.run calls the function with what is in args=: strategy.run(replica_step, args=(inputs,))",
    proof="cases/distributing/test_as_written.py::test_outputs_are_tensors",
)
def test_run_without_args(strategy, run):
    """Wrong way: strategy.run(replica_step) of a function that takes inputs, as it is printed there."""
    run(lambda inputs: tf.reduce_sum(inputs["input_mask"]))


@pytest.mark.declared(
    raises="RuntimeError",
    match="Method requires being in cross-replica context",
    instead="in a replica tf.distribute.get_replica_context().all_reduce; strategy.reduce belongs outside",
    proof="cases/distributing/test_training_loop.py::test_run",
)
def test_reduce_in_a_replica(strategy, run):
    """Wrong way: strategy.reduce inside of what strategy.run calls."""
    step = tf.function(lambda: run(lambda: strategy.reduce(tf.distribute.ReduceOp.MEAN, tf.constant(1.0), axis=None)))
    step()


@pytest.mark.declared(
    raises="AttributeError",
    match="has no attribute 'reduce'",
    instead="strategy.reduce, or all_reduce of the replica context",
    proof="cases/distributing/test_training_loop.py::test_run",
)
def test_distribute_reduce():
    """Wrong way: tf.distribute.reduce, which there never was."""
    tf.distribute.reduce(tf.distribute.ReduceOp.MEAN, tf.ones([2]), axis=None)


@pytest.mark.declared(
    raises="ValueError",
    match="only supports singleton tf.Variables|tried to create variables on non-first call",
    instead="variables are made once: make the layer before, in the scope",
    proof="cases/distributing/test_as_written.py::test_outputs_are_tensors",
)
def test_layer_in_a_replica(strategy, run, keras):
    """Wrong way: a Dense layer made in each call of what strategy.run calls."""
    step = tf.function(lambda inputs: run(lambda rows: keras.layers.Dense(10)(rows), args=(inputs,)))
    step(tf.ones([2, 8]))
    step(tf.ones([4, 8]))


@pytest.mark.declared(
    raises="AttributeError",
    match="has no attribute 'TPUStrategy'",
    when="tensorflow<2.3",
    instead="TPUStrategy is tf.distribute.experimental.TPUStrategy before TensorFlow 2.3, and wants an initialized resolver",
    link="docs/tpu.md",
)
@pytest.mark.devices("mirrored-2")
@pytest.mark.declared(
    raises="ValueError",
    match="Please provide a TPU Name to connect to",
    instead="TPUClusterResolver, experimental_connect_to_cluster and initialize_tpu_system come first: TPUStrategy(resolver)",
    link="docs/tpu.md",
)
def test_strategy_alone():
    """Wrong way: tf.distribute.TPUStrategy() and nothing before it."""
    tf.distribute.TPUStrategy()
