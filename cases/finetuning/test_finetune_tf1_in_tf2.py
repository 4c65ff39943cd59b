"""Fine-tuning a module in TF1 Hub format with TF2: hub.KerasLayer refuses, a tape doesn't."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.models(format="hub"), pytest.mark.needs("eager execution")]


def tokens(model):
    """The inputs under the names of a TF1 module."""
    return {
        "input_ids": tf.constant(model.inputs["input_word_ids"]),
        "input_mask": tf.constant(model.inputs["input_mask"]),
        "segment_ids": tf.constant(model.inputs["input_type_ids"]),
    }


@pytest.mark.task("fine-tune")
def test_tape(model, unmoved):
    """hub.load(handle, tags={"train"}).signatures["tokens"] in a tf.GradientTape: gradient descent moves every variable."""
    module = hub.load(model.handle, tags={"train"})
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module.signatures["tokens"](**tokens(model))["pooled_output"] ** 2)
    before = [variable.numpy() for variable in module.variables]
    for variable, gradient in zip(module.variables, tape.gradient(loss, module.variables)):
        variable.assign_sub(0.1 * tf.convert_to_tensor(gradient))
    assert not unmoved(module.variables, before)


def test_tape_moves_the_output(model):
    """The same without tags: what the signature gives follows the variables, and the loss falls."""
    module = hub.load(model.handle)
    losses = []
    for _ in range(3):
        with tf.GradientTape() as tape:
            pooled = module.signatures["tokens"](**tokens(model))["pooled_output"]
            loss = tf.reduce_mean((pooled - [[0.5], [-0.5]]) ** 2)
        for variable, gradient in zip(module.variables, tape.gradient(loss, module.variables)):
            variable.assign_sub(0.02 * tf.convert_to_tensor(gradient))
        losses.append(float(loss))
    assert losses[2] < losses[0]


@pytest.mark.declared(
    raises="ValueError",
    match="Setting hub.KerasLayer.trainable = True is unsupported when loading from the TF1 Hub format",
    instead="hub.KerasLayer doesn't train TF1 modules: hub.load and a tf.GradientTape do",
    proof="cases/finetuning/test_finetune_tf1_in_tf2.py::test_tape",
)
def test_keras_layer(model):
    """Wrong way: hub.KerasLayer(trainable=True) with a TF1 module."""
    hub.KerasLayer(model.handle, signature="tokens", output_key="pooled_output", trainable=True)(tokens(model))
