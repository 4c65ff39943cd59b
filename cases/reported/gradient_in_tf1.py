"""Fine-tuning, in a graph of TensorFlow 1.15, a model that a newer TensorFlow has exported."""

import tensorflow as tf
import tensorflow_hub as hub

model = hub.load("model")
outputs = model(tf.zeros([1, 8, 4]))

tf.gradients(outputs, model.kernel)
