"""A model that was made under a strategy, saved, and reloaded on one device."""

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
    """Keras' functional API: three inputs, the encoder, one number per text."""
    inputs = {name: keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    return keras.Model(inputs, keras.layers.Dense(1)(hub.KerasLayer(encoder, trainable=True)(inputs)["pooled_output"]))


@pytest.fixture(scope="module")
def network(model, strategy, keras):
    """Made in the scope, with weights that no other has."""
    with strategy.scope():
        network = classifier(keras, model, model.handle)
        network.compile("sgd", "mse")
    network.set_weights([weight + 0.01 if weight.dtype.kind == "f" else weight for weight in network.get_weights()])
    return network


@pytest.fixture(scope="module")
def expected(model, network):
    return network.predict_on_batch(model.inputs)


def assert_equal(model, alone, expected):
    difference = np.abs(alone.predict_on_batch(model.inputs) - expected).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_weights(model, loaded_to_train, network, expected, tmp_path, keras):
    """save_weights to .weights.h5, and tf.train.Checkpoint; both into a network that was made without a strategy."""
    path = str(tmp_path / "tuned.weights.h5")
    network.save_weights(path)
    checkpoint = tf.train.Checkpoint(model=network).save(str(tmp_path / "tuned"))
    alone = classifier(keras, model, loaded_to_train)
    alone.load_weights(path)
    assert_equal(model, alone, expected)
    alone.set_weights([np.zeros_like(weight) for weight in alone.get_weights()])
    tf.train.Checkpoint(model=alone).restore(checkpoint)
    assert_equal(model, alone, expected)


@pytest.mark.declared(
    raises="ValueError",
    match='No data provided for "input_1"',
    when="tensorflow=2.0 and variant=model",
    instead="a SavedModel reloaded by TensorFlow 2.0 calls its inputs input_1, input_2, ...: save as .h5",
)
@pytest.mark.parametrize("name", ["model.h5", "model.keras", "model"])
def test_whole(model, network, expected, tmp_path, name, keras):
    """model.save to .h5, to .keras and to a SavedModel; load_model without a strategy."""
    path = str(tmp_path / name)
    network.save(path)
    alone = keras.models.load_model(path, custom_objects={"KerasLayer": hub.KerasLayer})
    assert_equal(model, alone, expected)


def test_encoder(model, shared, pooled, assert_near, tmp_path):
    """tf.saved_model.save of what hub.load gave in the scope; hub.load of that, without a strategy, gives the same numbers."""
    tf.saved_model.save(shared, str(tmp_path / "saved"))
    inputs = {name: tf.constant(rows) for name, rows in model.inputs.items()}
    assert_near(hub.load(str(tmp_path / "saved"))(inputs)["pooled_output"].numpy(), pooled)
