"""Fine-tuning with the package tf_keras by its own name, beside any tf.keras: hub.KerasLayer is of it from TensorFlow 2.16 on."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.devices("mirrored-2", "tpu", "gpu"),
    pytest.mark.models(format="saved_model_2", interface="dict"),
    pytest.mark.needs("tf_keras"),
]


@pytest.fixture
def tf_keras():
    import tf_keras

    return tf_keras


@pytest.mark.declared(
    raises=("TypeError", "ValueError"),
    match="KerasTensor",
    when="tensorflow<2.16",
    instead="up to TensorFlow 2.15 hub.KerasLayer is a layer of tf.keras, which is Keras 2: write tf.keras",
    proof="cases/distributing/test_fit.py::test_trainable",
)
def test_trainable(model, strategy, batch, tf_keras, unmoved):
    """import tf_keras: hub.KerasLayer, the model and compile() in the scope; fit moves all of the encoder's weights."""
    handle, (texts, labels) = model.handle, batch

    with strategy.scope():
        encoder = hub.KerasLayer(handle, trainable=True)
        inputs = {
            name: tf_keras.Input(shape=[None], dtype=tf.int32, name=name)
            for name in ("input_word_ids", "input_mask", "input_type_ids")
        }
        score = tf_keras.layers.Dense(1)(encoder(inputs)["pooled_output"])
        network = tf_keras.Model(inputs, score)
        network.compile(optimizer=tf_keras.optimizers.Adam(1e-4), loss="mse")

    before = [weight.numpy() for weight in encoder.trainable_weights]

    batch_size = 2 * strategy.num_replicas_in_sync
    dataset = tf.data.Dataset.from_tensor_slices((texts, labels)).batch(batch_size, drop_remainder=True)
    history = network.fit(dataset, epochs=3, verbose=0)

    assert np.isfinite(history.history["loss"]).all()
    assert not unmoved(encoder.trainable_weights, before)
