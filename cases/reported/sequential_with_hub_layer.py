"""hub.KerasLayer in a Sequential model, as every tutorial has it."""

import tensorflow as tf
import tensorflow_hub as hub

encoder = hub.KerasLayer("https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3", output_key="pooled_output")

tf.keras.Sequential([encoder, tf.keras.layers.Dense(1)])
