"""A checkpoint of a model with a hub layer, restored into one that was built without it."""

import tensorflow as tf
import tensorflow_hub as hub


def classifier(encoder):
    inputs = {
        name: tf.keras.layers.Input(shape=(8,), dtype=tf.int32, name=name)
        for name in ("input_word_ids", "input_mask", "input_type_ids")
    }
    return tf.keras.Model(inputs, tf.keras.layers.Dense(2)(encoder(inputs)))


hub_layer = hub.KerasLayer(
    "https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3", output_key="pooled_output", trainable=True
)
first = classifier(hub_layer)
path = tf.train.Checkpoint(model=first).save("checkpoint")


class OwnEncoder(tf.keras.layers.Layer):
    def __init__(self, width):
        super().__init__()
        self.embedding = tf.keras.layers.Embedding(100, width)

    def call(self, inputs):
        return tf.reduce_mean(self.embedding(inputs["input_word_ids"]), axis=1)


width = int(first.layers[-1].kernel.shape[0])
second = tf.train.Checkpoint(model=classifier(OwnEncoder(width)))
second.restore(path).assert_existing_objects_matched()
