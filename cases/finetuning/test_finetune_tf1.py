"""Fine-tuning a module in TF1 Hub format as TF1 does: hub.Module in a tf.Graph, a Session."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.models(format="hub"), pytest.mark.needs("hub.Module")]


def train(model, **options):
    """Losses of three steps of gradient descent; names of the module's variables, and their values before and after."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        module = hub.Module(model.handle, **options)
        tokens = {
            "input_ids": model.inputs["input_word_ids"],
            "input_mask": model.inputs["input_mask"],
            "segment_ids": model.inputs["input_type_ids"],
        }
        pooled = module(tokens, signature="tokens", as_dict=True)["pooled_output"]
        head = tf.compat.v1.get_variable("head", [model.width, 1], initializer=tf.compat.v1.zeros_initializer())
        loss = tf.reduce_mean((tf.matmul(pooled, head) - [[1.0], [0.0]]) ** 2)
        step = tf.compat.v1.train.GradientDescentOptimizer(0.02).minimize(loss)
        weights = list(module.variable_map.values())
        session.run(tf.compat.v1.global_variables_initializer())
        before = session.run(weights)
        losses = [session.run([loss, step])[0] for _ in range(3)]
        after = session.run(weights)
    return losses, (list(module.variable_map), before, after)


def test_trainable(model, unmoved):
    """hub.Module(handle, trainable=True, tags={"train"}): all of its weights move. The tag brings its dropout."""
    losses, weights = train(model, trainable=True, tags={"train"})
    assert np.isfinite(losses).all()
    assert not unmoved(*weights)


@pytest.mark.task("fine-tune", instead_of="cases/finetuning/test_finetune_tf1_in_tf2.py::test_tape")
def test_trainable_without_dropout(model, unmoved):
    """hub.Module(handle, trainable=True) without tags: all of the module's weights move, without dropout, and the loss falls."""
    losses, weights = train(model, trainable=True)
    assert losses[2] < losses[0]
    assert not unmoved(*weights)


def test_frozen(model):
    """A plain hub.Module: the head alone is trained, and the loss falls."""
    losses, (_names, before, after) = train(model)
    assert losses[2] < losses[0]
    assert all(np.array_equal(old, new) for old, new in zip(before, after))


@pytest.mark.declared(
    raises="AssertionError",
    match="no weight moved",
    instead="the tag brings dropout; weights move with trainable=True",
    proof="cases/finetuning/test_finetune_tf1.py::test_trainable",
)
def test_tag_alone(model):
    """Wrong way: tags={"train"} without trainable=True."""
    _losses, (_names, before, after) = train(model, tags={"train"})
    assert not all(np.array_equal(old, new) for old, new in zip(before, after)), "no weight moved"
