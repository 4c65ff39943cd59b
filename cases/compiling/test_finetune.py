"""Fine-tuning: one step, from the ids to the new weights, is one program."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.devices("tpu-v2", "tpu-v3", "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "tpu-7x")
LABELS = np.array([[1.0], [0.0]], np.float32)
IDS = np.array([[7, 8, 9, 0], [7, 0, 0, 0]], np.int32)


def descend(loss, tape, weights):
    """Gradient descent of all weights: one that the loss doesn't depend on is an error."""
    gradients = tape.gradient(loss, weights)
    assert all(gradient is not None for gradient in gradients), "a weight has no gradient"
    for weight, gradient in zip(weights, gradients):
        weight.assign_sub(0.001 * tf.convert_to_tensor(gradient))


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError", "AttributeError"),
    match="No gradient defined for op|'FuncGraph' object has no attribute 'outer_graph'",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/compiling/test_finetune.py::test_frozen",
)
@pytest.mark.task("tpu-train")
@pytest.mark.models(format="saved_model_2", interface="dict")
def test_dict(model, load, compiled_once):
    """hub.KerasLayer(trainable=True) on a dict: a step of gradient descent on all weights compiles."""

    def make():
        encoder = hub.KerasLayer(load(), trainable=True)

        def step(inputs):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(encoder(inputs, training=True)["pooled_output"] ** 2)
            descend(loss, tape, encoder.trainable_variables)
            return loss

        return step

    program = compiled_once(make, model.inputs)
    assert program.products.get("f32", 0) > 1, "it is not the encoder's program: no matrix products"


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError", "AttributeError"),
    match="No gradient defined for op|'FuncGraph' object has no attribute 'outer_graph'",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/compiling/test_finetune.py::test_frozen",
)
@pytest.mark.task("tpu-train")
@pytest.mark.models(format="saved_model_2", interface="list")
def test_list(model, load, compiled_once):
    """hub.KerasLayer(trainable=True) on a list: a step of gradient descent on all weights compiles."""

    def make():
        encoder = hub.KerasLayer(load(), trainable=True)

        def step(inputs):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(encoder(inputs, training=True)[0] ** 2)
            descend(loss, tape, encoder.trainable_variables)
            return loss

        return step

    program = compiled_once(make, list(model.inputs.values()))
    assert program.products.get("f32", 0) > 1, "it is not the encoder's program: no matrix products"


@pytest.mark.task("tpu-train")
@pytest.mark.models(format="hub")
def test_signature(model, compiled_once):
    """hub.load(handle, tags={"train"}) of a TF1 module: a step of gradient descent on all weights compiles."""

    def make():
        module = hub.load(model.handle, tags={"train"})

        def step(ids, mask, types):
            with tf.GradientTape() as tape:
                outputs = module.signatures["tokens"](input_ids=ids, input_mask=mask, segment_ids=types)
                loss = tf.reduce_mean(outputs["pooled_output"] ** 2)
            descend(loss, tape, module.variables)
            return loss

        return step

    program = compiled_once(make, *model.inputs.values())
    assert program.products.get("f32", 0) > 1, "it is not the encoder's program: no matrix products"


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="No registered 'Einsum' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.1",
    instead="XLA has tf.einsum, which these encoders are made of, from TensorFlow 2.1 on: compile with that",
    link="docs/tpu.md",
)
@pytest.mark.devices("tpu-v5e")
@pytest.mark.models(format="saved_model_2", interface="dict")
def test_dropout(model, loaded, compiled):
    """With training=True the compiled program has the dropout of what was exported: it is another one than without."""
    training = compiled(lambda inputs: loaded(inputs, training=True)["pooled_output"], model.inputs)
    assert training.digest != compiled(lambda inputs: loaded(inputs, training=False)["pooled_output"], model.inputs).digest


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError", "AttributeError"),
    match="No gradient defined for op|'FuncGraph' object has no attribute 'outer_graph'",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/compiling/test_finetune.py::test_frozen",
)
@pytest.mark.devices("tpu-v5e")
@pytest.mark.models(format="saved_model_2", interface="dict")
def test_weights_move(model, loaded, compiled, executed, unmoved):
    """The program of a step, run on this CPU by today's XLA: the weights that come out are others than those that went in."""
    encoder = hub.KerasLayer(loaded, trainable=True)

    def step(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(encoder(inputs)["pooled_output"] ** 2)
        gradients = tape.gradient(loss, encoder.trainable_variables)
        return [weight - 0.1 * tf.convert_to_tensor(gradient) for weight, gradient in zip(encoder.trainable_variables, gradients)]

    weights = encoder.trainable_variables
    before = [weight.numpy() for weight in weights]
    assert not unmoved(weights, before, executed(compiled(step, model.inputs), loaded.variables))


@pytest.mark.declared(
    raises="AttributeError",
    match="'RefVariable' object has no attribute '_id'",
    when="tensorflow<2",
    instead="in TensorFlow 1 a tape wants resource variables: tf.compat.v1.enable_resource_variables() at the start",
)
@pytest.mark.declared(
    raises=("InvalidArgumentError", "ValueError"),
    match="No registered 'Unique' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.8",
    instead="before TensorFlow 2.8: optimizer.apply_gradients([(tf.convert_to_tensor(gradient), weight)]), which makes it dense",
    proof="cases/compiling/test_finetune.py::test_dense_gradients",
)
@pytest.mark.devices("tpu-v5e")
def test_sparse_gradients(compiled):
    """Adam on embeddings with the gradients as they come, tf.IndexedSlices of which Keras wants tf.unique: the step compiles."""
    compiled(adam(lambda gradient: gradient), IDS)


@pytest.mark.declared(
    raises="AttributeError",
    match="'RefVariable' object has no attribute '_id'",
    when="tensorflow<2",
    instead="in TensorFlow 1 a tape wants resource variables: tf.compat.v1.enable_resource_variables() at the start",
)
@pytest.mark.devices("tpu-v5e")
def test_dense_gradients(compiled):
    """Adam on embeddings with their gradients made dense by tf.convert_to_tensor: the step compiles."""
    compiled(adam(tf.convert_to_tensor), IDS)


def adam(prepared):
    """A step of Adam on embeddings, with the gradient prepared by that function."""
    words = tf.Variable(tf.ones([20, 8]))
    optimizer = tf.keras.optimizers.Adam(0.001)

    def step(ids):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.reduce_mean(tf.gather(words, ids), axis=[1, 2]) - 1.0) ** 2)
        (gradient,) = tape.gradient(loss, [words])
        assert isinstance(gradient, tf.IndexedSlices)
        optimizer.apply_gradients([(prepared(gradient), words)])
        return loss

    return step


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError", "AttributeError"),
    match="No gradient defined for op|'FuncGraph' object has no attribute 'outer_graph'",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/compiling/test_finetune.py::test_frozen",
)
@pytest.mark.devices("tpu-v5e")
@pytest.mark.models(format="saved_model_2", interface="dict")
def test_next_batch(model, loaded, compiled, written):
    """The next batch, other words in the same shape, needs no other program: on a TPU, ids are parameters."""
    encoder = hub.KerasLayer(loaded, trainable=True)
    weight = encoder.trainable_variables[-1]  # one is enough: under a tape the whole encoder is one call

    def step(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(encoder(inputs, training=True)["pooled_output"] ** 2)
        descend(loss, tape, [weight])
        return loss

    program = written(step, model.inputs)
    swapped = {name: rows[::-1].copy() for name, rows in model.inputs.items()}
    assert compiled(program).digest == compiled(program.again(swapped)).digest


@pytest.mark.declared(
    raises="AttributeError",
    match="'RefVariable' object has no attribute '_id'",
    when="tensorflow<2",
    instead="in TensorFlow 1 a tape wants resource variables: tf.compat.v1.enable_resource_variables() at the start",
)
@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="No registered 'Einsum' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.1",
    instead="XLA has tf.einsum, which these encoders are made of, from TensorFlow 2.1 on: compile with that",
    link="docs/tpu.md",
)
@pytest.mark.devices("tpu-v5e")
@pytest.mark.models(format="saved_model_2", interface="dict")
def test_frozen(model, loaded, compiled):
    """A frozen encoder, outside the tape, and a trained head: the step compiles."""
    encoder = hub.KerasLayer(loaded)
    head = tf.Variable(tf.zeros([model.width, 1]))

    def step(inputs, labels):
        pooled = encoder(inputs)["pooled_output"]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.matmul(pooled, head) - labels) ** 2)
        descend(loss, tape, [head])
        return loss

    compiled(step, model.inputs, LABELS)


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError", "AttributeError"),
    match="No gradient defined for op|'FuncGraph' object has no attribute 'outer_graph'",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/compiling/test_finetune.py::test_frozen",
)
@pytest.mark.devices("tpu-v5e")
@pytest.mark.models(format="saved_model_2", interface="dict")
def test_gradient_of_the_pooler(model, loaded, compiled):
    """The gradient of pooled_output with respect to the word embeddings compiles."""
    encoder = hub.KerasLayer(loaded, trainable=True)
    embeddings = next(weight for weight in encoder.trainable_variables if "word_embeddings" in weight.name)

    def gradient(inputs):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(encoder(inputs)["pooled_output"])
        return tf.convert_to_tensor(tape.gradient(total, embeddings))

    compiled(gradient, model.inputs)
