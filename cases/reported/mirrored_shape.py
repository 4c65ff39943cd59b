"""The shape of sequence_output, in a model built outside of a distribution strategy's scope, and inside."""

import tensorflow as tf
import tensorflow_hub as hub

cpu = tf.config.experimental.list_physical_devices("CPU")[0]
split = [tf.config.experimental.VirtualDeviceConfiguration()] * 2
tf.config.experimental.set_virtual_device_configuration(cpu, split)


def shape():
    encoder = hub.KerasLayer("https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3", trainable=True)
    inputs = {
        name: tf.keras.layers.Input(shape=(8,), dtype=tf.int32, name=name)
        for name in ("input_word_ids", "input_mask", "input_type_ids")
    }
    return tuple(encoder(inputs)["sequence_output"].shape)


print("outside:", shape())
with tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"]).scope():
    print("inside:", shape())
