"""Encoding: does the TPU compiler take the forward pass?"""

import pytest
import tensorflow_hub as hub

pytestmark = pytest.mark.devices("tpu-v2", "tpu-v3", "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "tpu-7x")


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="No registered 'Einsum' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.1",
    instead="XLA has tf.einsum, which these encoders are made of, from TensorFlow 2.1 on: compile with that",
    link="docs/tpu.md",
)
@pytest.mark.task("tpu-encode")
@pytest.mark.models(format="saved_model_2", interface="dict")
def test_dict(model, load, compiled_once):
    """hub.KerasLayer on a dict of int32 tensors: the forward pass compiles."""

    def make():
        encoder = hub.KerasLayer(load())
        return lambda inputs: encoder(inputs)["pooled_output"]

    program = compiled_once(make, model.inputs)
    assert program.code_bytes > 0
    assert program.products.get("f32", 0) > 1, "it is not the encoder's program: no matrix products"


@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="No registered 'Einsum' OpKernel for XLA_CPU_JIT",
    when="tensorflow<2.1",
    instead="XLA has tf.einsum, which these encoders are made of, from TensorFlow 2.1 on: compile with that",
    link="docs/tpu.md",
)
@pytest.mark.task("tpu-encode")
@pytest.mark.models(format="saved_model_2", interface="list")
def test_list(model, load, compiled_once):
    """hub.KerasLayer on a list of int32 tensors: the forward pass compiles."""

    def make():
        encoder = hub.KerasLayer(load())
        return lambda inputs: encoder(inputs)[0]

    program = compiled_once(make, list(model.inputs.values()))
    assert program.code_bytes > 0
    assert program.products.get("f32", 0) > 1, "it is not the encoder's program: no matrix products"


@pytest.mark.task("tpu-encode")
@pytest.mark.models(format="hub")
def test_signature(model, load, compiled_once):
    """The signature "tokens" of a TF1 module: the forward pass compiles."""

    def make():
        tokens = load().signatures["tokens"]
        return lambda ids, mask, types: tokens(input_ids=ids, input_mask=mask, segment_ids=types)["pooled_output"]

    program = compiled_once(make, *model.inputs.values())
    assert program.code_bytes > 0
    assert program.products.get("f32", 0) > 1, "it is not the encoder's program: no matrix products"
