"""What has to be made inside of strategy.scope(), and what is said where it was not."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.devices("mirrored-2", "tpu", "gpu"),
    pytest.mark.models(format="saved_model_2", interface="dict"),
]


def classifier(keras, model, encoder):
    inputs = {name: keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    return keras.Model(inputs, keras.layers.Dense(1)(encoder(inputs)["pooled_output"]))


def test_hub_load(model, shared, strategy):
    """hub.load in the scope: each variable is one of the strategy's, with a copy on every device."""
    assert {len(variable.values) for variable in shared.variables} == {strategy.num_replicas_in_sync}


@pytest.mark.xfail(raises=AttributeError, strict=False, reason="hub.load makes the variables: call it in the scope")
def test_hub_load_outside(model, loaded, strategy):
    """Wrong way: hub.load before the scope, hub.KerasLayer around it in the scope. The variables have no copies."""
    with strategy.scope():
        encoder = hub.KerasLayer(loaded, trainable=True)
    assert {len(variable.values) for variable in encoder.variables} == {strategy.num_replicas_in_sync}


@pytest.mark.xfail(raises=(ValueError, RuntimeError), strict=False, reason="hub.KerasLayer loads: make it in the scope")
def test_layer_outside(model, loaded, strategy, keras):
    """Wrong way: hub.KerasLayer and the Keras model made before the scope, compile() in the scope."""
    network = classifier(keras, model, hub.KerasLayer(loaded, trainable=True))
    with strategy.scope():
        network.compile("sgd", "mse")


@pytest.mark.xfail(raises=(ValueError, RuntimeError), strict=False, reason="hub.KerasLayer loads: make it in the scope")
def test_only_layer_outside(model, loaded, strategy, batch, keras):
    """Wrong way: hub.KerasLayer made before the scope, the Keras model and compile() in the scope."""
    encoder = hub.KerasLayer(loaded, trainable=True)
    with strategy.scope():
        network = classifier(keras, model, encoder)
        network.compile("sgd", "mse")
    network.fit(batch[0], batch[1], batch_size=len(batch[1]), verbose=0)


def test_compile_outside(model, shared, strategy, batch, keras):
    """The Keras model made in the scope, compile() and fit() after it: the strategy goes with the model."""
    with strategy.scope():
        network = classifier(keras, model, hub.KerasLayer(shared))
    network.compile("sgd", "mse")
    losses = network.fit(batch[0], batch[1], batch_size=len(batch[1]), verbose=0).history["loss"]
    assert np.isfinite(losses).all()


def test_optimizer_outside(model, shared, strategy, batch, keras):
    """An optimizer made before the scope and not used there: it makes its variables when it is first used."""
    optimizer = keras.optimizers.Adam(1e-4)
    with strategy.scope():
        network = classifier(keras, model, hub.KerasLayer(shared))
        network.compile(optimizer, "mse")
    network.fit(batch[0], batch[1], batch_size=len(batch[1]), verbose=0)


@pytest.mark.xfail(raises=(ValueError, RuntimeError), strict=False, reason="a metric has variables: make it in the scope")
def test_metric_outside(model, shared, strategy, batch, keras):
    """Wrong way: a metric made before the scope."""
    metric = keras.metrics.MeanSquaredError()
    with strategy.scope():
        network = classifier(keras, model, hub.KerasLayer(shared))
        network.compile("sgd", "mse", metrics=[metric])
    network.fit(batch[0], batch[1], batch_size=len(batch[1]), verbose=0)
