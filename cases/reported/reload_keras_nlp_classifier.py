"""KerasNLP's BertClassifier, saved as SavedModel and loaded."""

import keras_nlp
import tensorflow as tf

backbone = keras_nlp.models.BertBackbone(
    vocabulary_size=50, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=16, max_sequence_length=16
)
classifier = keras_nlp.models.BertClassifier(backbone, num_classes=2, preprocessor=None)
classifier.save("model", save_format="tf")

tf.keras.models.load_model("model")
