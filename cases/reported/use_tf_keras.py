"""Any use of tf.keras, which TensorFlow loads lazily."""

import tensorflow as tf

tf.keras.Sequential([tf.keras.layers.Dense(1)])
