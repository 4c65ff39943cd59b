"""hub.Module, the API of TF1, for a TF2 SavedModel."""

import tensorflow_hub as hub

hub.Module("https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3")
