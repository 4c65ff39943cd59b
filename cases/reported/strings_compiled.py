"""Strings inside of what XLA compiles."""

import tensorflow as tf


@tf.function(jit_compile=True)
def compiled(sentences):
    return tf.strings.length(sentences)


compiled(tf.constant(["hello world"]))
