"""Fine-tuning with compile() and fit() under a strategy: Keras 2, and tf-keras in place of Keras 3 (TF_USE_LEGACY_KERAS=1)."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.devices("mirrored-2", "tpu", "gpu"),
    pytest.mark.models(format="saved_model_2", interface="dict"),
    pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer"),
    pytest.mark.needs("eager execution"),
]


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError"),
    match="No gradient defined for op",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: take that",
    link="docs/tpu.md",
)
def test_trainable(model, strategy, batch, unmoved):
    """Everything in the scope: hub.KerasLayer, the Keras model and compile(). fit moves all of the encoder's weights."""
    handle, (texts, labels) = model.handle, batch

    with strategy.scope():
        encoder = hub.KerasLayer(handle, trainable=True)
        inputs = {
            name: tf.keras.Input(shape=[None], dtype=tf.int32, name=name)
            for name in ("input_word_ids", "input_mask", "input_type_ids")
        }
        score = tf.keras.layers.Dense(1)(encoder(inputs)["pooled_output"])
        network = tf.keras.Model(inputs, score)
        network.compile(optimizer=tf.keras.optimizers.Adam(1e-4), loss="mse")

    before = [weight.numpy() for weight in encoder.trainable_weights]

    batch_size = 2 * strategy.num_replicas_in_sync
    dataset = tf.data.Dataset.from_tensor_slices((texts, labels)).batch(batch_size, drop_remainder=True)
    history = network.fit(dataset, epochs=3, verbose=0)

    assert np.isfinite(history.history["loss"]).all()
    assert not unmoved(encoder.trainable_weights, before)


@pytest.mark.declared(
    raises=("AttributeError", "ValueError"),
    match="'FuncGraph' object has no attribute 'outer_graph'|`handle` is not available outside the replica context",
    when="tensorflow=2.0",
    instead="TensorFlow 2.0 doesn't run a loaded model under a strategy: take 2.1 or newer",
    link="docs/tpu.md",
)
def test_frozen(model, shared, strategy, batch):
    """A plain hub.KerasLayer in the scope: fit trains the head alone, on arrays as well."""
    with strategy.scope():
        encoder = hub.KerasLayer(shared)
        inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
        score = tf.keras.layers.Dense(1, kernel_initializer="zeros")(encoder(inputs)["pooled_output"])
        network = tf.keras.Model(inputs, score)
        network.compile(tf.keras.optimizers.SGD(0.02), "mse")
    before = encoder.get_weights()
    losses = network.fit(batch[0], batch[1], batch_size=len(batch[1]), epochs=3, verbose=0).history["loss"]
    assert losses[2] < losses[0]
    assert all(np.array_equal(old, new) for old, new in zip(before, encoder.get_weights()))
