"""TFSMLayer around a signature that has two keyword inputs."""

import tensorflow as tf

layer = tf.keras.layers.TFSMLayer("model", call_endpoint="serving_default")

layer([tf.zeros([1, 4]), tf.zeros([1, 4])])
