"""Fine-tuning a module in TF1 Hub format: only in graph mode, with the tag "train"."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="hub")


def test_one_step_in_a_session(model):
    """hub.Module(trainable=True, tags={"train"}): a step of gradient descent moves the weights."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        module = hub.Module(model.handle, trainable=True, tags={"train"})
        tokens = {
            "input_ids": model.inputs["input_word_ids"],
            "input_mask": model.inputs["input_mask"],
            "segment_ids": model.inputs["input_type_ids"],
        }
        loss = tf.reduce_sum(module(tokens, signature="tokens", as_dict=True)["pooled_output"] ** 2)
        step = tf.compat.v1.train.GradientDescentOptimizer(0.1).minimize(loss)
        weights = tf.compat.v1.trainable_variables()
        session.run(tf.compat.v1.global_variables_initializer())
        before = session.run(weights)
        assert np.isfinite(session.run([loss, step])[0])
        after = session.run(weights)
    assert sum(not np.array_equal(old, new) for old, new in zip(before, after)) > 0
