"""A training loop of your own: tf.GradientTape around the encoder."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.models(format="saved_model_2", interface="dict"), pytest.mark.needs("eager execution")]


def constants(model):
    return {name: tf.constant(rows) for name, rows in model.inputs.items()}


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError"),
    match="No gradient defined for op",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/finetuning/test_fit.py::test_frozen",
)
@pytest.mark.declared(
    raises="InternalError",
    match="RET_CHECK failure .* != DT_RESOURCE",
    when="device=xla-cpu and tensorflow<2.5",
    instead="XLA takes no gradient through a loaded model before TensorFlow 2.5: leave experimental_compile out of the step",
    proof="cases/finetuning/test_training_loop.py::test_hub_load",
)
def test_gradients(model, to_train, on_device, unmoved):
    """hub.KerasLayer: the loss is finite, and gradient descent moves every weight."""
    encoder = hub.KerasLayer(to_train, trainable=True)

    @on_device
    def loss_and_gradients(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(encoder(inputs, training=True)["pooled_output"] ** 2)
        return loss, [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, encoder.trainable_variables)]

    loss, gradients = loss_and_gradients(model.inputs)
    assert np.isfinite(loss.numpy())
    before = [weight.numpy() for weight in encoder.trainable_weights]
    for variable, gradient in zip(encoder.trainable_variables, gradients):
        variable.assign_sub(0.1 * gradient)
    assert not unmoved(encoder.trainable_weights, before)


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError"),
    match="No gradient defined for op",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/finetuning/test_fit.py::test_frozen",
)
@pytest.mark.task("fine-tune", instead_of="cases/finetuning/test_fit.py::test_trainable")
def test_hub_load(model, to_train, unmoved):
    """hub.load, without Keras: gradient descent moves every weight, and the loss falls."""
    before = [weight.numpy() for weight in to_train.trainable_variables]
    losses = []
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((to_train(constants(model))["pooled_output"] - [[0.5], [-0.5]]) ** 2)
        for variable, gradient in zip(to_train.trainable_variables, tape.gradient(loss, to_train.trainable_variables)):
            variable.assign_sub(0.02 * tf.convert_to_tensor(gradient))
        losses.append(float(loss))
    assert losses[2] < losses[0]
    assert not unmoved(to_train.trainable_variables, before)


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError"),
    match="No gradient defined for op",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/finetuning/test_fit.py::test_frozen",
)
def test_step_in_a_function(model, unmoved):
    """A step in a tf.function, without jit_compile: it's traced once for a shape, and moves every weight."""
    encoder = hub.load(model.handle)  # of its own: after a tape in eager mode, that of a tf.function may fail
    weights, traced = encoder.trainable_variables, []

    @tf.function
    def step(inputs):
        traced.append(inputs)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(encoder(inputs)["pooled_output"] ** 2)
        for weight, gradient in zip(weights, tape.gradient(loss, weights)):
            weight.assign_sub(0.1 * tf.convert_to_tensor(gradient))
        return loss

    before = [weight.numpy() for weight in weights]
    step(constants(model))
    step({name: rows[::-1] for name, rows in constants(model).items()})
    assert len(traced) == 1
    assert not unmoved(weights, before)


def train(model, loaded, optimizer, decay=0.0):
    """Losses of three steps with an optimizer, encoder and head; the encoder's weights, and their values before."""
    encoder = hub.KerasLayer(loaded, trainable=True)
    head = tf.keras.layers.Dense(1, kernel_initializer="zeros")
    losses, before = [], [weight.numpy() for weight in encoder.trainable_weights]
    for _ in range(3):
        with tf.GradientTape() as tape:
            scores = head(encoder(constants(model))["pooled_output"])
            loss = tf.reduce_mean((scores - [[1.0], [0.0]]) ** 2)
        weights = encoder.trainable_variables + head.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        for weight in weights if decay else ():
            weight.assign_sub(decay * weight)
        losses.append(float(loss))
    return losses, (encoder.trainable_weights, before)


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError"),
    match="No gradient defined for op",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/finetuning/test_fit.py::test_frozen",
)
def test_keras_optimizer(model, to_train, unmoved):
    """hub.KerasLayer, a Dense head and tf.keras.optimizers.Adam: the encoder's weights move, and the loss falls."""
    losses, weights = train(model, to_train, tf.keras.optimizers.Adam(0.001))
    assert losses[2] < losses[0]
    assert not unmoved(*weights)


@pytest.mark.needs("tf.keras.optimizers.AdamW")
def test_weight_decay(model, to_train, unmoved):
    """The same with tf.keras.optimizers.AdamW, which decays weights."""
    losses, weights = train(model, to_train, tf.keras.optimizers.AdamW(0.001, weight_decay=0.01))
    assert losses[2] < losses[0]
    assert not unmoved(*weights)


@pytest.mark.lacks("tf.keras.optimizers.AdamW")
@pytest.mark.declared(
    raises="AttributeError",
    match="has no attribute 'AdamW'",
    instead="AdamW came with TensorFlow 2.12: Adam, and after each step weight.assign_sub(learning_rate * decay * weight)",
    proof="cases/finetuning/test_training_loop.py::test_own_weight_decay",
)
def test_weight_decay_where_there_is_none():
    """AdamW in a Keras that is older than it."""
    tf.keras.optimizers.AdamW(0.001, weight_decay=0.01)


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError"),
    match="No gradient defined for op",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/finetuning/test_fit.py::test_frozen",
)
def test_own_weight_decay(model, to_train, unmoved):
    """tf.keras.optimizers.Adam, and weights decayed by hand after each step: they move, and the loss falls."""
    losses, weights = train(model, to_train, tf.keras.optimizers.Adam(0.001), decay=0.001 * 0.01)
    assert losses[2] < losses[0]
    assert not unmoved(*weights)


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError"),
    match="No gradient defined for op",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/finetuning/test_fit.py::test_frozen",
)
@pytest.mark.declared(
    raises="ValueError",
    match=r"Tried to take gradients \(or similar\) of a variable without handle data",
    when="model in (albert-en/2, bert-en/3, electra/2, small-bert/1)",
    instead="it is due to the TensorFlow that wrote the model, up to 2.4: a newer version of the model, or a tape for each loss",
    proof="cases/finetuning/test_training_loop.py::test_two_tapes",
)
def test_persistent_tape(model, to_train):
    """tf.GradientTape(persistent=True) gives the gradients of two losses, one after another."""
    with tf.GradientTape(persistent=True) as tape:
        outputs = to_train(constants(model))
        pooled = tf.reduce_sum(outputs["pooled_output"] ** 2)
        sequence = tf.reduce_sum(outputs["sequence_output"] ** 2)
    assert_gradients(to_train, tape.gradient(pooled, to_train.trainable_variables), "pooled_output")
    assert_gradients(to_train, tape.gradient(sequence, to_train.trainable_variables), "sequence_output")


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError"),
    match="No gradient defined for op",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/finetuning/test_fit.py::test_frozen",
)
def test_two_tapes(model, to_train):
    """A call under a tf.GradientTape of its own for each of two losses: gradients of both."""
    for output in ("pooled_output", "sequence_output"):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(to_train(constants(model))[output] ** 2)
        assert_gradients(to_train, tape.gradient(loss, to_train.trainable_variables), output)


def assert_gradients(loaded, gradients, output):
    """All weights have one, but the pooler's if the loss is of what comes before it."""
    missing = [weight.name for weight, gradient in zip(loaded.trainable_variables, gradients) if gradient is None]
    assert [name for name in missing if output == "pooled_output" or "pooler" not in name] == []


def test_checkpoint(to_train, tmp_path):
    """tf.train.Checkpoint keeps the weights and brings all of them back."""
    checkpoint = tf.train.Checkpoint(encoder=to_train)
    path = checkpoint.save(str(tmp_path / "tuned"))
    before = [variable.numpy() for variable in to_train.variables]
    for variable in to_train.variables:
        variable.assign(tf.zeros_like(variable))
    checkpoint.restore(path).assert_existing_objects_matched()
    assert all(np.array_equal(variable.numpy(), old) for variable, old in zip(to_train.variables, before))
