"""Raw sentences for an encoder, which wants ids."""

import tensorflow as tf
import tensorflow_hub as hub

sentences = tf.keras.layers.Input(shape=(), dtype=tf.string)

hub.KerasLayer("https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3")(sentences)
