"""A Keras model with a preprocessing model in it, saved; then the cache of the Hub library is cleaned, or the model moves."""

import os
import shutil

import tensorflow as tf
import tensorflow_hub as hub
import tensorflow_text  # noqa: F401  (registers the ops)

sentences = tf.keras.layers.Input(shape=(), dtype=tf.string)
preprocess = hub.KerasLayer("https://tfhub.dev/tensorflow/bert_en_uncased_preprocess/1")
tf.keras.Model(sentences, preprocess(sentences)).save("model", save_format="tf")

shutil.rmtree(os.environ["TFHUB_CACHE_DIR"])

tf.keras.models.load_model("model")
