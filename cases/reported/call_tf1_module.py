"""Calls what hub.load gives for a module in TF1 format."""

import tensorflow as tf
import tensorflow_hub as hub

module = hub.load("https://tfhub.dev/google/bert_uncased_L-12_H-768_A-12/1")

module(tf.zeros([1, 8], tf.int32))
