"""Fine-tuning a TF2 SavedModel in a graph of TensorFlow 1."""

import tensorflow as tf
import tensorflow_hub as hub

encoder = hub.load("https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3")
ids = tf.zeros([1, 8], tf.int32)
outputs = encoder({"input_word_ids": ids, "input_mask": ids, "input_type_ids": ids}, training=True)

tf.gradients(outputs["pooled_output"], encoder.trainable_variables)
