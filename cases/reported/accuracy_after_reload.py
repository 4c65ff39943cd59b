"""The metric "accuracy" before and after saving and loading, with whole numbers as labels."""

import numpy as np
import tensorflow as tf

rng = np.random.RandomState(0)
x = rng.rand(200, 4).astype("float32")
y = (x[:, 0] > 0.5).astype("int32") + (x[:, 1] > 0.5).astype("int32")
model = tf.keras.Sequential([tf.keras.layers.Dense(16, "relu", input_shape=(4,)), tf.keras.layers.Dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=60, verbose=0)
model.save("model", save_format="tf")

before = model.evaluate(x, y, verbose=0)
after = tf.keras.models.load_model("model").evaluate(x, y, verbose=0)
print("loss the same:", abs(before[0] - after[0]) < 1e-4)
print("accuracy the same:", abs(before[1] - after[1]) < 1e-4)
print("accuracy before and after:", before[1], after[1])
