"""load_model of Keras Core on a SavedModel that tf.keras has written."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras_core

keras_core.saving.load_model("model")
