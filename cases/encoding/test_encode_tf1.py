"""Encoding with a module in TF1 Hub format from eager code: its signature's own names for the inputs."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="hub")
EAGER = pytest.mark.needs("eager execution")


@pytest.fixture(scope="module")  # one model serves all cases of this file
def encoder(model):
    return hub.KerasLayer(model.handle, signature="tokens", signature_outputs_as_dict=True)


@pytest.fixture
def tokens(model):
    """The inputs under the names of a TF1 module."""
    return {
        "input_ids": tf.constant(model.inputs["input_word_ids"]),
        "input_mask": tf.constant(model.inputs["input_mask"]),
        "segment_ids": tf.constant(model.inputs["input_type_ids"]),
    }


@pytest.fixture
def encode(encoder, on_device):
    @on_device
    def encode(inputs):
        return encoder(inputs)

    return encode


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="Function invoked by the following node is not compilable",
    when="tensorflow<2.5 and device=xla-cpu",
    instead="XLA compiles no TF1 module there: call it without experimental_compile",
    proof="cases/encoding/test_encode_tf1.py::test_signature_of_hub_load",
)
def test_pooled_shape(model, encode, tokens):
    """pooled_output is one vector per text: [batch, width]."""
    assert encode(tokens)["pooled_output"].shape == (len(model.inputs["input_mask"]), model.width)


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="Function invoked by the following node is not compilable",
    when="tensorflow<2.5 and device=xla-cpu",
    instead="XLA compiles no TF1 module there: call it without experimental_compile",
    proof="cases/encoding/test_encode_tf1.py::test_signature_of_hub_load",
)
def test_sequence_shape(model, encode, tokens):
    """sequence_output is one vector per token: [batch, length, width]."""
    assert encode(tokens)["sequence_output"].shape == (*model.inputs["input_mask"].shape, model.width)


@EAGER
@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="Function invoked by the following node is not compilable",
    when="tensorflow<2.5 and device=xla-cpu",
    instead="XLA compiles no TF1 module there: call it without experimental_compile",
    proof="cases/encoding/test_encode_tf1.py::test_signature_of_hub_load",
)
@pytest.mark.declared(
    raises="AssertionError",
    match="max abs difference",
    when="tensorflow>=2.5 and tensorflow<2.9 and device=xla-cpu",
    instead="XLA's fast math adds scores and padding mask first, and loses the scores: XLA_FLAGS=--xla_cpu_enable_fast_math=false",
    proof="cases/encoding/test_masked_softmax.py::test_without_fast_math",
)
@pytest.mark.task("encode")
def test_pooled_values(model, encode, tokens, record_property):
    """pooled_output has the values that the publisher's TensorFlow gave, in another process."""
    difference = np.abs(encode(tokens)["pooled_output"].numpy() - model.outputs["pooled_output"]).max()
    record_property("drift", float(difference))
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@EAGER
@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="Function invoked by the following node is not compilable",
    when="tensorflow<2.5 and device=xla-cpu",
    instead="XLA compiles no TF1 module there: call it without experimental_compile",
    proof="cases/encoding/test_encode_tf1.py::test_signature_of_hub_load",
)
@pytest.mark.declared(
    raises="AssertionError",
    match="max abs difference",
    when="tensorflow>=2.5 and tensorflow<2.9 and device=xla-cpu",
    instead="XLA's fast math adds scores and padding mask first, and loses the scores: XLA_FLAGS=--xla_cpu_enable_fast_math=false",
    proof="cases/encoding/test_masked_softmax.py::test_without_fast_math",
)
def test_sequence_values(model, encode, tokens, record_property):
    """sequence_output has the values that the publisher's TensorFlow gave, in another process."""
    difference = np.abs(encode(tokens)["sequence_output"].numpy() - model.outputs["sequence_output"]).max()
    record_property("drift", float(difference))
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@EAGER
def test_signature_of_hub_load(model, loaded, tokens):
    """hub.load(...).signatures["tokens"] takes keyword arguments and gives a dict."""
    outputs = loaded.signatures["tokens"](**tokens)
    difference = np.abs(outputs["pooled_output"].numpy() - model.outputs["pooled_output"]).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@EAGER
def test_padding(model, encoder, tokens):
    """Padding changes nothing."""
    padded = encoder({name: value[1:] for name, value in tokens.items()})["pooled_output"].numpy()
    short = encoder({name: value[1:, :7] for name, value in tokens.items()})["pooled_output"].numpy()
    difference = np.abs(padded - short).max()
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@EAGER
def test_longer_than_positions(encoder):
    """One token more than positions (512 in the published ones) is an error, not a wrong result."""
    positions = next(weight.shape[0] for weight in encoder.weights if "position_embedding" in weight.name)
    ids = tf.fill([1, positions + 1], 7)
    with pytest.raises(tf.errors.InvalidArgumentError):
        encoder({"input_ids": ids, "input_mask": tf.ones_like(ids), "segment_ids": tf.zeros_like(ids)})


@pytest.mark.declared(
    raises="TypeError",
    match=r"(missing|unexpected) (a )?(required |keyword )arguments?:? '?input_(word_)?ids|but got values for \['input_word_ids'",
    instead="a TF1 module calls them input_ids, input_mask, segment_ids",
    proof="cases/encoding/test_encode_tf1.py::test_signature_of_hub_load",
)
def test_tf2_names(model, encoder):
    """Wrong way: a TF1 module called with a TF2 model's input names."""
    encoder({name: tf.constant(value) for name, value in model.inputs.items()})


@pytest.mark.declared(
    raises="TypeError",
    match=r"too many positional arguments|takes 0 positional|at most 0 positional|missing a required argument: 'input_mask'",
    instead="a signature with several inputs takes a dict: {'input_ids': ..., 'input_mask': ..., 'segment_ids': ...}",
    proof="cases/encoding/test_encode_tf1.py::test_padding",
)
def test_list(encoder, tokens):
    """Wrong way: a TF1 module called with a list of three."""
    encoder([tokens["input_ids"], tokens["input_mask"], tokens["segment_ids"]])


@EAGER
@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="was expected to be a int32 tensor but is a int64 tensor",
    instead="ids are int32: tf.cast(ids, tf.int32)",
    proof="cases/encoding/test_encode_tf1.py::test_signature_of_hub_load",
)
def test_int64(encoder, tokens):
    """Wrong way: int64 ids."""
    encoder({name: tf.cast(value, tf.int64) for name, value in tokens.items()})


@pytest.mark.declared(
    raises="TypeError",
    match="'AutoTrackable' object is not callable",
    instead="call its signature: hub.load(handle).signatures['tokens'](...)",
    proof="cases/encoding/test_encode_tf1.py::test_signature_of_hub_load",
)
def test_call_what_hub_load_gives(loaded, tokens):
    """Wrong way: calling what hub.load gave."""
    loaded(tokens)
