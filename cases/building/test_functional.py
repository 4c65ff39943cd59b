"""Keras' functional API: a dict of inputs, the encoder, a head."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")
IS_A_LAYER = pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer")  # not in Keras 3, see test_keras_3.py


def classifier(loaded, inputs):
    """One number per text: the encoder, Dropout, Dense. `loaded` may as well be a handle."""
    pooled = hub.KerasLayer(loaded)(inputs)["pooled_output"]
    dropped = tf.keras.layers.Dropout(0.1)(pooled)
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(dropped))


@IS_A_LAYER
@pytest.mark.task("build")
def test_predict(model, loaded, right):
    """tf.keras: three int32 inputs of any length, the encoder, Dropout, Dense; predict gives the right numbers."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    network = classifier(loaded, inputs)
    assert network.predict(model.inputs) == right(network.layers[-1])


@IS_A_LAYER
def test_fixed_length(model, loaded, right):
    """Inputs may have a fixed length."""
    inputs = {name: tf.keras.Input(rows.shape[1:], dtype=tf.int32, name=name) for name, rows in model.inputs.items()}
    network = classifier(loaded, inputs)
    assert network.predict(model.inputs) == right(network.layers[-1])


@IS_A_LAYER
def test_dropout(model, loaded):
    """Outside of training Dropout does nothing: the same numbers every time."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    network = classifier(loaded, inputs)
    assert np.array_equal(network.predict_on_batch(model.inputs), network.predict_on_batch(model.inputs))


@IS_A_LAYER
@pytest.mark.needs("eager execution")
def test_all_outputs(model, loaded):
    """A model may give the encoder's whole dict."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    outputs = tf.keras.Model(inputs, hub.KerasLayer(loaded)(inputs))(model.inputs)
    for name in ("pooled_output", "sequence_output"):
        assert outputs[name].numpy() == pytest.approx(model.outputs[name], abs=model.tolerance)


@IS_A_LAYER
def test_summary(model, loaded):
    """model.summary() counts the encoder's weights."""
    inputs = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in model.inputs}
    network = classifier(loaded, inputs)
    lines = []
    network.summary(print_fn=lambda line, **_: lines.append(line))
    count = sum(int(np.prod(variable.shape)) for variable in loaded.variables) + model.width + 1
    assert f"Total params: {count}" in "\n".join(lines).replace(",", "")


@IS_A_LAYER
@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+dtype=float32",
    instead="an Input is float32 unless you say its type: tf.keras.Input([None], dtype=tf.int32)",
    proof="cases/building/test_functional.py::test_predict",
)
def test_default_dtype(model, loaded):
    """Wrong way: tf.keras.Input without dtype."""
    classifier(loaded, {name: tf.keras.Input([None], name=name) for name in model.inputs})


@IS_A_LAYER
@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+shape=\((None|\?),\),? dtype=int32",
    instead="a text is a row of ids: tf.keras.Input([None], dtype=tf.int32)",
    proof="cases/building/test_functional.py::test_predict",
)
def test_scalar_inputs(model, loaded):
    """Wrong way: tf.keras.Input(shape=()), as for a model that takes sentences."""
    classifier(loaded, {name: tf.keras.Input([], dtype=tf.int32, name=name) for name in model.inputs})


@pytest.mark.declared(
    raises="AttributeError",
    match="Tensor.op is meaningless when eager execution is enabled",
    when="tensorflow>=2 and tensorflow<2.4",
    instead="build on tf.keras.Input, then call with tensors",
    proof="cases/building/test_functional.py::test_predict",
)
@pytest.mark.declared(
    raises="ValueError",
    match="All `inputs` values must be KerasTensors",
    when="tensorflow>=2.16 and keras=default",
    instead="build on tf.keras.Input, then call with tensors; the encoder is a tf.keras.layers.TFSMLayer there",
    proof="cases/building/test_tfsm_layer.py::test_predict",
)
@pytest.mark.declared(
    raises="ValueError",
    match="Found unexpected instance while processing input|Input tensors to a (Functional|Model) must come from `tf.keras.Input`",
    when="tensorflow<2.16 or keras=legacy",
    instead="build on tf.keras.Input, then call with tensors",
    proof="cases/building/test_functional.py::test_predict",
)
def test_tensors_for_inputs(model, loaded):
    """Wrong way: tf.keras.Model(inputs=...) with tensors that hold data."""
    classifier(loaded, {name: tf.constant(rows) for name, rows in model.inputs.items()})
