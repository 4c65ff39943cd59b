"""What has to be made inside of strategy.scope(), and what is said where it was not."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.devices("mirrored-2", "tpu", "gpu"),
    pytest.mark.models(format="saved_model_2", interface="dict"),
    pytest.mark.needs("eager execution"),
]


def classifier(keras, model, encoder):
    """A text's score is the sum of its pooled_output."""
    inputs = {name: keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    return keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="ones")(encoder(inputs)["pooled_output"]))


def test_hub_load(model, shared, strategy, pooled, assert_near):
    """hub.load in the scope: each variable is one of the strategy's, with a copy on every device, of the published value."""
    assert {len(variable.values) for variable in shared.variables} == {strategy.num_replicas_in_sync}
    for first, *others in (variable.values for variable in shared.variables):
        assert all(np.array_equal(first.numpy(), other.numpy()) for other in others)
    inputs = {name: tf.constant(rows) for name, rows in model.inputs.items()}
    assert_near(shared(inputs)["pooled_output"].numpy(), pooled)


@pytest.mark.declared(
    raises="AttributeError",
    match="object has no attribute 'values'",
    instead="hub.load makes the variables: call it in the scope",
    proof="cases/distributing/test_scope.py::test_hub_load",
)
def test_hub_load_outside(model, loaded, strategy):
    """Wrong way: hub.load before the scope, hub.KerasLayer around it in the scope. The variables have no copies."""
    with strategy.scope():
        encoder = hub.KerasLayer(loaded, trainable=True)
    assert {len(variable.values) for variable in encoder.variables} == {strategy.num_replicas_in_sync}


@pytest.mark.declared(
    raises="ValueError",
    match="was not created in the distribution strategy scope",
    instead="hub.KerasLayer loads, and makes variables: make it and the Keras model in the scope",
    proof="cases/distributing/test_scope.py::test_compile_outside",
)
def test_layer_outside(model, loaded, strategy, keras):
    """Wrong way: hub.KerasLayer and the Keras model made before the scope, compile() in the scope."""
    network = classifier(keras, model, hub.KerasLayer(loaded, trainable=True))
    with strategy.scope():
        network.compile("sgd", "mse")


@pytest.mark.declared(
    raises="ValueError",
    match="was not created in the distribution strategy scope",
    instead="hub.KerasLayer loads, and makes variables: make it and the Keras model in the scope",
    proof="cases/distributing/test_scope.py::test_compile_outside",
)
def test_only_layer_outside(model, loaded, strategy, batch, keras):
    """Wrong way: hub.KerasLayer made before the scope, the Keras model and compile() in the scope."""
    encoder = hub.KerasLayer(loaded, trainable=True)
    with strategy.scope():
        network = classifier(keras, model, encoder)
        network.compile("sgd", "mse")
    network.fit(batch[0], batch[1], batch_size=len(batch[1]), verbose=0)


@pytest.mark.declared(
    raises=("AttributeError", "ValueError"),
    match="'FuncGraph' object has no attribute 'outer_graph'|`handle` is not available outside the replica context",
    when="tensorflow=2.0",
    instead="TensorFlow 2.0 doesn't run a loaded model under a strategy: take 2.1 or newer",
    link="docs/tpu.md",
)
def test_compile_outside(model, shared, strategy, batch, first_loss, assert_near, keras):
    """The Keras model made in the scope, compile() and fit() after it: the strategy goes with the model."""
    with strategy.scope():
        network = classifier(keras, model, hub.KerasLayer(shared))
    network.compile("sgd", "mse")
    losses = network.fit(batch[0], batch[1], batch_size=len(batch[1]), verbose=0).history["loss"]
    assert_near(losses, [first_loss])


@pytest.mark.declared(
    raises=("AttributeError", "ValueError"),
    match="'FuncGraph' object has no attribute 'outer_graph'|`handle` is not available outside the replica context",
    when="tensorflow=2.0",
    instead="TensorFlow 2.0 doesn't run a loaded model under a strategy: take 2.1 or newer",
    link="docs/tpu.md",
)
def test_optimizer_outside(model, shared, strategy, batch, keras):
    """An optimizer made before the scope and not used there trains: it makes its variables when it is first used."""
    optimizer = keras.optimizers.Adam(1e-4)
    with strategy.scope():
        network = classifier(keras, model, hub.KerasLayer(shared))
        network.compile(optimizer, "mse")
    before = [weight.numpy() for weight in network.trainable_weights]
    network.fit(batch[0], batch[1], batch_size=len(batch[1]), verbose=0)
    assert not any(np.array_equal(old, weight.numpy()) for old, weight in zip(before, network.trainable_weights))


@pytest.mark.declared(
    raises=("AttributeError", "ValueError"),
    match="'FuncGraph' object has no attribute 'outer_graph'|`handle` is not available outside the replica context",
    when="tensorflow=2.0",
    instead="TensorFlow 2.0 doesn't run a loaded model under a strategy: take 2.1 or newer",
    link="docs/tpu.md",
)
def test_metric_inside(model, shared, strategy, batch, first_loss, assert_near, keras):
    """A metric made in the scope: fit keeps it, and it is the loss that it measures."""
    with strategy.scope():
        network = classifier(keras, model, hub.KerasLayer(shared))
        network.compile("sgd", "mse", metrics=[keras.metrics.MeanSquaredError(name="again")])
    history = network.fit(batch[0], batch[1], batch_size=len(batch[1]), verbose=0).history
    assert_near(history["loss"], [first_loss])
    assert_near(history["again"], [first_loss])


@pytest.mark.declared(
    raises=("AttributeError", "ValueError"),
    match="'FuncGraph' object has no attribute 'outer_graph'|`handle` is not available outside the replica context",
    when="tensorflow=2.0",
    instead="TensorFlow 2.0 doesn't run a loaded model under a strategy: take 2.1 or newer",
    link="docs/tpu.md",
)
@pytest.mark.declared(
    raises="ValueError",
    match="was created inside (of )?a different distribution strategy scope than the model",
    instead="a metric has variables: make it in the scope, or give compile() its name",
    proof="cases/distributing/test_scope.py::test_metric_inside",
)
def test_metric_outside(model, shared, strategy, batch, keras):
    """Wrong way: a metric made before the scope."""
    metric = keras.metrics.MeanSquaredError()
    with strategy.scope():
        network = classifier(keras, model, hub.KerasLayer(shared))
        network.compile("sgd", "mse", metrics=[metric])
    network.fit(batch[0], batch[1], batch_size=len(batch[1]), verbose=0)
