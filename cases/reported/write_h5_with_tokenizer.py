"""Saves a Keras model as .h5 whose first layer is a tokenizer from a Hub model."""

import runpy
from pathlib import Path

import tensorflow as tf
import tensorflow_hub as hub

runpy.run_path(str(Path(__file__).with_name("write_tokenizer.py")))
sentences = tf.keras.layers.Input(shape=(), dtype=tf.string)
tokens = hub.KerasLayer("model")(sentences)
model = tf.keras.Model(sentences, tf.keras.layers.Embedding(6, 2)(tokens))
model.save("model.h5")
