"""Code of TF1 as it stands: hub.Module outside of any graph."""

import tensorflow_hub as hub

hub.Module("https://tfhub.dev/google/bert_uncased_L-12_H-768_A-12/1")
