"""TFSMLayer, as Keras 3 says, on a SavedModel that an older Keras has written."""

import tensorflow as tf

tf.keras.layers.TFSMLayer("model", call_endpoint="serving_default")
