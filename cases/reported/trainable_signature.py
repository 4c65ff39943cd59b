"""Fine-tuning through a signature."""

import tensorflow as tf
import tensorflow_hub as hub

encoder = hub.KerasLayer(
    "https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3",
    signature="serving_default",
    signature_outputs_as_dict=True,
    trainable=True,
)
ids = tf.zeros([1, 8], tf.int32)

encoder({"input_word_ids": ids, "input_mask": ids, "input_type_ids": ids})
