"""Code that was written for version 1 or 2 of the model, which took a list, with version 3 or 4, which takes a dict."""

import tensorflow as tf
import tensorflow_hub as hub

encoder = hub.KerasLayer("https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3", trainable=True)
inputs = [
    tf.keras.layers.Input(shape=(8,), dtype=tf.int32, name=name) for name in ("input_word_ids", "input_mask", "input_type_ids")
]

encoder(inputs)
