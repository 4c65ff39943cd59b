"""A model that was made under a strategy, saved, and reloaded on one device."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.devices("mirrored-2", "tpu", "gpu"),
    pytest.mark.models(format="saved_model_2", interface="dict"),
]


def classifier(keras, model):
    """Keras' functional API: three inputs, the encoder, one number per text."""
    inputs = {name: keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    encoder = hub.KerasLayer(model.handle, trainable=True)
    return keras.Model(inputs, keras.layers.Dense(1)(encoder(inputs)["pooled_output"]))


@pytest.fixture
def network(model, strategy, keras):
    """Made in the scope, with weights that no other has."""
    with strategy.scope():
        network = classifier(keras, model)
        network.compile("sgd", "mse")
    network.set_weights([weight + 0.01 if weight.dtype.kind == "f" else weight for weight in network.get_weights()])
    return network


def assert_equal(model, some, others):
    difference = np.abs(some.predict_on_batch(model.inputs) - others.predict_on_batch(model.inputs)).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_weights(model, network, tmp_path, keras):
    """save_weights to .weights.h5; load_weights into a network that was made without a strategy."""
    path = str(tmp_path / "tuned.weights.h5")
    network.save_weights(path)
    alone = classifier(keras, model)
    alone.load_weights(path)
    assert_equal(model, network, alone)


def test_checkpoint(model, network, tmp_path, keras):
    """tf.train.Checkpoint; restored into a network that was made without a strategy."""
    path = tf.train.Checkpoint(model=network).save(str(tmp_path / "tuned"))
    alone = classifier(keras, model)
    tf.train.Checkpoint(model=alone).restore(path)
    assert_equal(model, network, alone)


@pytest.mark.parametrize("name", ["model.h5", "model.keras", "model"])
def test_whole(model, network, tmp_path, name, keras):
    """model.save to .h5, to .keras and to a SavedModel; load_model without a strategy."""
    path = str(tmp_path / name)
    network.save(path)
    alone = keras.models.load_model(path, custom_objects={"KerasLayer": hub.KerasLayer})
    assert_equal(model, network, alone)


def test_encoder(model, strategy, tmp_path):
    """tf.saved_model.save of what hub.load gave in the scope; hub.load of that, without a strategy, gives the same numbers."""
    with strategy.scope():
        encoder = hub.load(model.handle)
    for variable in encoder.trainable_variables:
        variable.assign_add(tf.ones_like(variable) / 100)
    tf.saved_model.save(encoder, str(tmp_path / "tuned"))
    inputs = {name: tf.constant(rows) for name, rows in model.inputs.items()}
    again = hub.load(str(tmp_path / "tuned"))(inputs)["pooled_output"]
    difference = np.abs(again - encoder(inputs)["pooled_output"]).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"
