"""A model of tf_keras (Keras 2) with an optimizer of Keras 3."""

import tensorflow as tf
import tf_keras

model = tf_keras.Sequential([tf_keras.layers.Dense(1)])

model.compile(optimizer=tf.keras.optimizers.Adam(), loss="mse")
