"""The optimizer's state before and after saving as SavedModel and loading."""

import numpy as np
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(4,))])
model.compile("adam", "mse")
model.fit(np.zeros((8, 4), "float32"), np.zeros((8, 1), "float32"), verbose=0)
model.save("model", save_format="tf")

restored = tf.keras.models.load_model("model")
print("optimizer weights before:", len(model.optimizer.weights))
print("optimizer weights after:", len(restored.optimizer.weights))
