"""A training loop of your own around an encoder that takes a list and gives a list: without Keras, so with any."""

import pytest
import tensorflow as tf

pytestmark = [pytest.mark.models(format="saved_model_2", interface="list"), pytest.mark.needs("eager execution")]


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError"),
    match="No gradient defined for op",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/finetuning/test_fit_list.py::test_frozen",
)
@pytest.mark.task("fine-tune", instead_of="cases/finetuning/test_fit_list.py::test_trainable")
def test_hub_load_of_a_list_model(model, to_train, unmoved):
    """hub.load, without Keras: gradient descent moves every weight, and the loss falls."""
    before = [weight.numpy() for weight in to_train.trainable_variables]
    losses = []
    for _ in range(3):
        with tf.GradientTape() as tape:
            pooled, _sequence = to_train([tf.constant(rows) for rows in model.inputs.values()])
            loss = tf.reduce_mean((pooled - [[0.5], [-0.5]]) ** 2)
        for variable, gradient in zip(to_train.trainable_variables, tape.gradient(loss, to_train.trainable_variables)):
            variable.assign_sub(0.02 * tf.convert_to_tensor(gradient))
        losses.append(float(loss))
    assert losses[2] < losses[0]
    assert not unmoved(to_train.trainable_variables, before)
