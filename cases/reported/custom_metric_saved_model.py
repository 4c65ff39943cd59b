"""A metric of one's own in a SavedModel; load_model is told of it by custom_objects."""

import numpy as np
import tensorflow as tf


class CustomMetric(tf.keras.metrics.MeanSquaredError):
    pass


model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(4,))])
model.compile("adam", "mse", metrics=[CustomMetric()])
model.fit(np.zeros((8, 4), "float32"), np.zeros((8, 1), "float32"), verbose=0)
model.save("model", save_format="tf")

tf.keras.models.load_model("model", custom_objects={"CustomMetric": CustomMetric})
