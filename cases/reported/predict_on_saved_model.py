"""tf.saved_model.load, then predict, as if it were a Keras model."""

import numpy as np
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(4,))])
model.save("model", save_format="tf")

tf.saved_model.load("model").predict(np.zeros((1, 4), "float32"))
