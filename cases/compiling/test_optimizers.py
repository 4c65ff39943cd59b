"""A whole step of fine-tuning with an optimizer of Keras, on one chip and on four.

8 texts; on four chips each has two of them, and all weights. The gradients of embeddings are made dense, as TPUStrategy makes
them.
"""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.devices("tpu-v5e"), pytest.mark.models(format="saved_model_2", interface="dict")]
TEXTS = 8
FLOAT_BYTES = 4


class Classifier:
    """An encoder, a Dense head, an optimizer of tf.keras, and a step of them."""

    def __init__(self, loaded, name):
        self.encoder = hub.KerasLayer(loaded, trainable=True)
        self.head = tf.keras.layers.Dense(1)
        self.optimizer = getattr(tf.keras.optimizers, name)(0.001)
        self.weights = self.trained = ()

    def step(self, inputs, labels):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.head(self.encoder(inputs, training=True)["pooled_output"]) - labels) ** 2)
        self.weights = self.encoder.trainable_variables + self.head.trainable_variables
        pairs = zip(tape.gradient(loss, self.weights), self.weights)
        dense = [(tf.convert_to_tensor(gradient), weight) for gradient, weight in pairs if gradient is not None]
        self.trained = [weight for _, weight in dense]
        self.optimizer.apply_gradients(dense)
        return loss

    def changing_bytes(self, length):
        """Of the weights that were trained, but for those of positions that no text of this length has."""
        return FLOAT_BYTES * sum(rows_of(one, length) * int(np.prod(one.shape[1:])) for one in self.trained)


def rows_of(weight, length):
    return min(length, weight.shape[0]) if "position_embedding" in weight.name else weight.shape[0]


@pytest.fixture(scope="module")
def known():
    return {}


@pytest.fixture
def step_of(model, load, written, known):
    """step_of(name): the step with this optimizer as written by TensorFlow, and its Classifier.

    Written once for one chip and four, for tracing costs more than compiling.
    """

    def step_of(name):
        if name not in known:
            classifier = Classifier(load(), name)
            inputs = {key: np.resize(rows, [TEXTS, rows.shape[1]]) for key, rows in model.inputs.items()}
            labels = np.resize(np.array([[1.0], [0.0]], np.float32), [TEXTS, 1])
            known[name] = written(classifier.step, inputs, labels), classifier
        return known[name]

    return step_of


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError", "AttributeError"),
    match="No gradient defined for op|'FuncGraph' object has no attribute 'outer_graph'",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/compiling/test_finetune.py::test_frozen",
)
@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_one_chip(step_of, compiled, name):
    """A step of tf.keras.optimizers.SGD, Adam on all weights compiles, with the optimizer's own state."""
    program, classifier = step_of(name)
    compiled(program)
    assert len(classifier.trained) == len(classifier.weights)


@pytest.mark.needs("tf.keras.optimizers.AdamW")
def test_weight_decay(step_of, compiled):
    """A step of tf.keras.optimizers.AdamW on all weights compiles."""
    program, classifier = step_of("AdamW")
    compiled(program)
    assert len(classifier.trained) == len(classifier.weights)


@pytest.mark.declared(
    raises=("NotFoundError", "LookupError", "AttributeError"),
    match="No gradient defined for op|'FuncGraph' object has no attribute 'outer_graph'",
    when="tensorflow<2.1",
    instead="a loaded model's call has gradients from TensorFlow 2.1 on: before, train a head on a frozen encoder",
    proof="cases/compiling/test_finetune.py::test_frozen",
)
@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_four_chips(model, step_of, compiled, record_property, name):
    """The gradients of all weights, and the loss, are summed over 4 chips; that is all: of Adam's slots each has its own."""
    program, classifier = step_of(name)
    program = compiled(program, chips=4, split=range(4))
    record_property("summed_bytes", program.collective_bytes["all-reduce"])
    assert set(program.collectives) == {"all-reduce"}
    assert program.collective_bytes["all-reduce"] == classifier.changing_bytes(model.inputs["input_mask"].shape[1]) + FLOAT_BYTES
