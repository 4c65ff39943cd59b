"""A layer of your own around hub.load, for the Keras that doesn't take hub.KerasLayer: Keras 3."""

import pytest
import tensorflow as tf

ENCODERS = pytest.mark.models(format="saved_model_2", interface="dict")


class Encoder(tf.keras.layers.Layer):
    """Says the shape that comes out, which Keras 3 can't find by itself."""

    def __init__(self, loaded, width):
        super().__init__()
        self.width = width
        self.encoder = loaded  # hub.load(handle)

    def call(self, inputs):
        return self.encoder(inputs)["pooled_output"]

    def compute_output_shape(self, shapes):
        return (shapes["input_word_ids"][0], self.width)


class EncoderWithWeights(Encoder):
    """Keras 2 looks for variables in a layer's attributes, also in lists, but not in what hub.load gives."""

    def __init__(self, loaded, width):
        super().__init__(loaded, width)
        self.encoder_weights = list(loaded.trainable_variables)


class EncoderWithKerasVariables(Encoder):
    """Keras 3 looks for variables of its own only. From 3.10 on one that is made of TensorFlow's is that, not a copy."""

    def __init__(self, loaded, width):
        super().__init__(loaded, width)
        self.encoder_weights = [tf.keras.Variable(variable) for variable in loaded.trainable_variables]


def classifier(model, encoder):
    inputs = {name: tf.keras.Input([None], dtype="int32", name=name) for name in model.inputs}
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(encoder(inputs)))


@ENCODERS
@pytest.mark.task("build", instead_of="cases/building/test_functional.py::test_predict")
@pytest.mark.declared(
    raises="NotFoundError",
    match="Resource localhost/.* does not exist",
    when="tensorflow<2",
    instead="Keras of TensorFlow 1 initializes the weights of its own layers only: hub.KerasLayer",
    proof="cases/building/test_functional.py::test_predict",
)
def test_predict(model, loaded, right):
    """A layer of your own around hub.load, in a functional model: predict gives the right numbers."""
    network = classifier(model, Encoder(loaded, model.width))
    assert network.predict(model.inputs) == right(network.layers[-1])


@ENCODERS
@pytest.mark.declared(
    raises="AssertionError",
    match=r"2 of \d+ weights",
    when="tensorflow>=2.16 and keras=default",
    instead="Keras 3 trains its own variables only: tf.keras.layers.TFSMLayer, or from Keras 3.10 on a list of tf.keras.Variable",
    proof="cases/building/test_tfsm_layer.py::test_predict",
)
def test_weights_in_a_list(model, loaded):
    """A layer of your own with self.encoder_weights = list(loaded.trainable_variables): they are the model's weights."""
    network = classifier(model, EncoderWithWeights(loaded, model.width))
    count = len(loaded.trainable_variables) + 2  # the head's
    assert len(network.trainable_weights) == count, f"{len(network.trainable_weights)} of {count} weights"


@ENCODERS
@pytest.mark.needs("tf.keras.Variable")
@pytest.mark.declared(
    raises="AssertionError",
    match=r"0 of \d+ weights are the encoder's, the others copies",
    when="package(keras)<3.10",
    instead="fit would train copies that the encoder never sees: tf.keras.layers.TFSMLayer, or Keras 3.10",
    proof="cases/building/test_tfsm_layer.py::test_predict",
)
def test_weights_as_keras_variables(model, loaded):
    """A layer of your own with a list of tf.keras.Variable(variable): the encoder's own variables are the model's weights."""
    network = classifier(model, EncoderWithKerasVariables(loaded, model.width))
    assert len(network.trainable_weights) == len(loaded.trainable_variables) + 2
    ours = {id(variable) for variable in loaded.trainable_variables}
    count = sum(id(weight.value) in ours for weight in network.trainable_weights)
    assert count == len(ours), f"{count} of {len(ours)} weights are the encoder's, the others copies"


@pytest.mark.lacks("tf.keras.Variable")
@pytest.mark.declared(
    raises="AttributeError",
    match="has no attribute 'Variable'",
    when="tensorflow<2.16 or keras=legacy",
    instead="Keras 2 trains TensorFlow's variables as they are: self.encoder_weights = list(loaded.trainable_variables)",
    proof="cases/building/test_own_layer.py::test_weights_in_a_list",
)
def test_keras_variable():
    """Wrong way in Keras 2: tf.keras.Variable."""
    tf.keras.Variable(tf.Variable(1.0))


@ENCODERS
@pytest.mark.declared(
    raises="AssertionError",
    match=r"2 of \d+ weights",
    when="tensorflow>=2.16 and keras=default",
    instead="Keras doesn't find the weights, and trains the head alone: tf.keras.layers.TFSMLayer",
    proof="cases/building/test_tfsm_layer.py::test_predict",
)
@pytest.mark.declared(
    raises="AssertionError",
    match=r"2 of \d+ weights",
    when="tensorflow<2.16 or keras=legacy",
    instead="Keras doesn't find the weights, and trains the head alone: keep list(loaded.trainable_variables) in the layer",
    proof="cases/building/test_own_layer.py::test_weights_in_a_list",
)
def test_weights(model, loaded):
    """Wrong way: a layer of your own with self.encoder = hub.load(handle), for fine-tuning."""
    network = classifier(model, Encoder(loaded, model.width))
    count = len(loaded.trainable_variables) + 2  # the head's
    assert len(network.trainable_weights) == count, f"{len(network.trainable_weights)} of {count} weights"


class SignatureOfTF1(tf.keras.layers.Layer):
    """The signature of a module in TF1 Hub format. Its weights stay frozen."""

    def __init__(self, loaded, width):
        super().__init__()
        self.width = width
        self.encoder = loaded  # without it its variables would be gone
        self.tokens = loaded.signatures["tokens"]

    def call(self, inputs):
        return self.tokens(**inputs)["pooled_output"]

    def compute_output_shape(self, shapes):
        return (shapes["input_ids"][0], self.width)


@pytest.mark.models(format="hub")
@pytest.mark.task("build", instead_of="cases/building/test_functional_tf1.py::test_predict")
@pytest.mark.declared(
    raises="NotFoundError",
    match="Resource localhost/.* does not exist",
    when="tensorflow<2",
    instead="Keras of TensorFlow 1 initializes the weights of its own layers only: hub.KerasLayer",
    proof="cases/building/test_functional_tf1.py::test_predict",
)
def test_tf1_module(model, loaded, right):
    """A layer of your own around a TF1 module's signature, in a functional model: predict gives the right numbers."""
    names = {"input_ids": "input_word_ids", "input_mask": "input_mask", "segment_ids": "input_type_ids"}
    inputs = {name: tf.keras.Input([None], dtype="int32", name=name) for name in names}
    network = tf.keras.Model(inputs, tf.keras.layers.Dense(1)(SignatureOfTF1(loaded, model.width)(inputs)))
    assert network.predict({name: model.inputs[ours] for name, ours in names.items()}) == right(network.layers[-1])
