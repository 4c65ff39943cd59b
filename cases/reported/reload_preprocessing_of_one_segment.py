"""The tutorial's preprocessing of one sentence (tokenize, then bert_pack_inputs), saved and loaded by Keras."""

import tensorflow as tf
import tensorflow_hub as hub
import tensorflow_text  # noqa: F401  (registers the ops)

preprocess = hub.load("https://tfhub.dev/tensorflow/bert_en_uncased_preprocess/3")
sentences = tf.keras.layers.Input(shape=(), dtype=tf.string, name="text1")
tokens = hub.KerasLayer(preprocess.tokenize, name="tokenizer")(sentences)
packed = hub.KerasLayer(preprocess.bert_pack_inputs, arguments={"seq_length": 32}, name="packer")([tokens])
tf.keras.Model([sentences], packed).save("model", save_format="tf")

tf.keras.models.load_model("model")
