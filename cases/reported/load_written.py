"""Loads the model that another program has exported."""

import tensorflow_hub as hub

hub.load("model")
