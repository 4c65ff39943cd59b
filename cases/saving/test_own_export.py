"""Encoder and head as plain TensorFlow, no Keras: a SavedModel for all versions, and a Hub model for others."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.models(format="saved_model_2", interface="dict"), pytest.mark.needs("eager execution")]

NAMES = ("input_word_ids", "input_mask", "input_type_ids")


@pytest.fixture(scope="module")
def inputs(model):
    return {name: tf.constant(value) for name, value in model.inputs.items()}


@pytest.fixture(scope="module")
def classifier(model, encoder):
    """What hub.KerasLayer wants of a model: __call__, variables, trainable_variables, regularization_losses."""
    # resolved_object is what hub.load gives.
    classifier = tf.train.Checkpoint(encoder=encoder.resolved_object, head=tf.Variable(tf.ones([model.width, 1])))

    @tf.function(input_signature=[{name: tf.TensorSpec([None, None], tf.int32, name) for name in NAMES}])
    def call(inputs):
        return tf.matmul(classifier.encoder(inputs)["pooled_output"], classifier.head)

    classifier.__call__ = call
    classifier.trainable_variables = [*classifier.encoder.trainable_variables, classifier.head]
    classifier.variables = [*classifier.encoder.variables, classifier.head]
    classifier.regularization_losses = []
    return classifier


@pytest.fixture(scope="module")
def folder(classifier, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("export") / "model")
    tf.saved_model.save(classifier, folder, signatures=classifier.__call__)
    return folder


@pytest.fixture(scope="module")
def loaded(folder):
    """The same as tf.saved_model.load(folder)."""
    return hub.load(folder)


def test_call(model, inputs, classifier, loaded):
    """tf.saved_model.save, hub.load of the folder: call it as before."""
    difference = np.abs(loaded(inputs).numpy() - classifier.__call__(inputs).numpy()).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_signature(model, inputs, classifier, loaded):
    """tf.saved_model.save, hub.load of the folder: its signature takes keyword arguments and gives a dict."""
    served = loaded.signatures["serving_default"](**inputs)["output_0"]
    difference = np.abs(served.numpy() - classifier.__call__(inputs).numpy()).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


def test_keras_layer(model, inputs, classifier, loaded):
    """hub.KerasLayer(trainable=True) on what you exported: called as before, and every weight can be trained."""
    layer = hub.KerasLayer(loaded, trainable=True)
    difference = np.abs(layer(inputs).numpy() - classifier.__call__(inputs).numpy()).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"
    assert len(layer.trainable_weights) == len(classifier.trainable_variables)


def test_checkpoint(classifier, tmp_path):
    """tf.train.Checkpoint of what hub.load gave: weights changed by training come back."""
    encoder = classifier.encoder
    before = [variable.numpy() for variable in encoder.variables]
    path = tf.train.Checkpoint(encoder=encoder).save(str(tmp_path / "checkpoint"))
    for variable in encoder.variables:
        variable.assign(tf.zeros_like(variable))
    tf.train.Checkpoint(encoder=encoder).restore(path)
    assert all(np.array_equal(variable.numpy(), old) for variable, old in zip(encoder.variables, before))


class Scale(tf.Module):
    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 3])])
    def __call__(self, inputs):
        return self.factor * inputs


@pytest.mark.declared(
    raises="AssertionError",
    match="nothing to train",
    instead="a tf.Module's trainable_variables aren't saved: set them on what hub.load gives, and hand that to hub.KerasLayer",
    proof="cases/saving/test_own_export.py::test_module_given_something_to_train",
)
def test_module_has_nothing_to_train(tmp_path):
    """Wrong way: hub.KerasLayer(trainable=True) on the SavedModel of a tf.Module. No error, no weights."""
    tf.saved_model.save(Scale(), str(tmp_path / "model"))
    assert hub.KerasLayer(str(tmp_path / "model"), trainable=True).trainable_weights, "nothing to train"


def test_module_given_something_to_train(tmp_path):
    """The SavedModel of a tf.Module: trainable_variables set on what hub.load gives, and hub.KerasLayer trains them."""
    tf.saved_model.save(Scale(), str(tmp_path / "model"))
    loaded = hub.load(str(tmp_path / "model"))
    loaded.trainable_variables = [loaded.factor]
    layer = hub.KerasLayer(loaded, trainable=True)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(tf.ones([1, 3])))
    assert float(tape.gradient(total, layer.trainable_weights[0])) == 3.0
