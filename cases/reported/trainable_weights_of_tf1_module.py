"""How many weights of a module in TF1 format can be trained."""

import tensorflow_hub as hub

encoder = hub.KerasLayer(
    "https://tfhub.dev/google/bert_uncased_L-12_H-768_A-12/1", signature="tokens", output_key="pooled_output", trainable=True
)
print("trainable weights:", len(encoder.trainable_weights))
