"""The way to a TF1 module's vocabulary, with a TF2 SavedModel."""

import tensorflow_hub as hub

encoder = hub.load("https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3")

encoder(signature="tokenization_info", as_dict=True)
