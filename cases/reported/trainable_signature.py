"""Fine-tuning through a signature."""

import tensorflow as tf
import tensorflow_hub as hub

encoder = hub.KerasLayer(
    "https://tfhub.dev/google/bert_uncased_L-12_H-768_A-12/1", signature="tokens", output_key="pooled_output", trainable=True
)
ids = tf.zeros([1, 8], tf.int32)

encoder({"input_ids": ids, "input_mask": ids, "segment_ids": ids})
