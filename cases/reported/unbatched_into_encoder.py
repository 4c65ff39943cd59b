"""A dataset that nobody batched, in a model built for batches."""

import tensorflow as tf
import tensorflow_hub as hub

encoder = hub.KerasLayer("https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3")
inputs = {
    name: tf.keras.layers.Input(shape=(128,), dtype=tf.int32, name=name)
    for name in ("input_word_ids", "input_mask", "input_type_ids")
}
model = tf.keras.Model(inputs, tf.keras.layers.Dense(1)(encoder(inputs)["pooled_output"]))
model.compile("adam", "mse")

one = {name: tf.zeros([128], tf.int32) for name in inputs}
unbatched = tf.data.Dataset.from_tensors((one, tf.zeros([1])))
model.fit(unbatched)
