"""A model with a hub layer, saved as .h5 and loaded as if it were any model."""

import tensorflow as tf
import tensorflow_hub as hub

encoder = hub.KerasLayer("https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3")
inputs = {
    name: tf.keras.layers.Input(shape=(8,), dtype=tf.int32, name=name)
    for name in ("input_word_ids", "input_mask", "input_type_ids")
}
tf.keras.Model(inputs, encoder(inputs)["pooled_output"]).save("model.h5")

tf.keras.models.load_model("model.h5")
