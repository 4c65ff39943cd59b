"""From raw strings to vectors: a preprocessing model in front of the encoder that it was made for."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface="text")
EAGER = pytest.mark.needs("eager execution")
TOO_OLD = pytest.mark.declared(
    raises="ValueError",
    match="Value for attr 'output_ragged_rank' of 0 must be at least minimum 1",
    when="tensorflow=2.0 and model=preprocess/3",
    instead="the model was written by a later TensorFlow: tokenize with transformers on its vocabulary",
    proof="cases/preprocessing/test_tokenizers.py::test_transformers_batch",
)


@pytest.fixture(scope="session")
def encode(model):
    """The encoder that takes what the preprocessing model gives."""
    if model.encoder is None:
        pytest.skip("its manifest names no encoder")
    return hub.KerasLayer(model.encoder.handle, name="encoder")


@TOO_OLD
@EAGER
def test_preprocess_then_encode(model, encode, preprocess):
    """What the preprocessing model gives is what the encoder takes: the vectors are those of the publisher's ids."""
    outputs = encode(preprocess(tf.constant(model.inputs["sentences"])))
    right = encode({name: tf.constant(ids) for name, ids in model.outputs.items()})
    for name in ("pooled_output", "sequence_output"):
        assert outputs[name].numpy() == pytest.approx(right[name].numpy(), abs=model.encoder.tolerance)


@TOO_OLD
@EAGER
@pytest.mark.needs("hub.KerasLayer is a tf.keras.layers.Layer")
def test_functional_model_on_strings(model, encode, layer):
    """A functional model takes strings, Input(shape=(), dtype=tf.string), and gives what its parts give one after the other."""
    text = tf.keras.layers.Input(shape=(), dtype=tf.string, name="text")
    head = tf.keras.layers.Dense(1)
    network = tf.keras.Model(text, head(encode(layer(text))["pooled_output"]))
    sentences = tf.constant(model.inputs["sentences"])
    right = head(encode(layer(sentences))["pooled_output"]).numpy()
    assert network(sentences).numpy() == pytest.approx(right, abs=10 * model.encoder.tolerance)


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+shape=\(1,\),? dtype=string",
    when="text=with",
    instead="an encoder takes ids: put the preprocessing model in front of it",
    proof="cases/preprocessing/test_into_an_encoder.py::test_preprocess_then_encode",
)
@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+shape=\(1,\),? dtype=string",
    when="text=without",
    instead="an encoder takes ids: from its preprocessing model, which needs tensorflow-text, or from a tokenizer of transformers",
    proof="cases/preprocessing/test_tokenizers.py::test_transformers_batch",
)
def test_encode_strings(encode):
    """Wrong way: raw strings given to the encoder."""
    encode(tf.constant(["a film"]))


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+'text': <tf\.Tensor",
    when="text=with",
    instead="an encoder takes ids: put the preprocessing model in front of it",
    proof="cases/preprocessing/test_into_an_encoder.py::test_preprocess_then_encode",
)
@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+'text': <tf\.Tensor",
    when="text=without",
    instead="an encoder takes ids: from its preprocessing model, which needs tensorflow-text, or from a tokenizer of transformers",
    proof="cases/preprocessing/test_tokenizers.py::test_transformers_batch",
)
def test_encode_dict_of_text(encode):
    """Wrong way: dict(text=...) given to the encoder."""
    encode({"text": tf.constant(["a film"])})
