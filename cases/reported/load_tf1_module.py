"""hub.load for a module in TF1 format."""

import tensorflow_hub as hub

hub.load("https://tfhub.dev/google/bert_uncased_L-12_H-768_A-12/1")
