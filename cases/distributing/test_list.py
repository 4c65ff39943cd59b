"""Fine-tuning an encoder that takes a list and gives a list, under a strategy."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.devices("mirrored-2", "tpu", "gpu"),
    pytest.mark.models(format="saved_model_2", interface="list"),
    pytest.mark.needs("eager execution"),
]


def test_fit(model, strategy, batch, keras, unmoved):
    """hub.KerasLayer(handle, trainable=True) in the scope: fit moves all of its weights, and the loss falls."""
    with strategy.scope():
        encoder = hub.KerasLayer(model.handle, trainable=True)
        inputs = [keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs]
        pooled, _sequence = encoder(inputs)
        network = keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="zeros")(pooled))
        network.compile(keras.optimizers.SGD(0.02), "mse")
    before = [weight.numpy() for weight in encoder.trainable_weights]
    history = network.fit(list(batch[0].values()), batch[1], batch_size=len(batch[1]), epochs=3, verbose=0).history
    assert history["loss"][2] < history["loss"][0]
    assert not unmoved(encoder.trainable_weights, before)
