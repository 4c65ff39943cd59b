"""Sentences: the ops of tensorflow-text run on the host, the rest on the TPU."""

import pytest
import tensorflow as tf

pytestmark = [pytest.mark.devices("tpu-v5e"), pytest.mark.models(format="saved_model_2", interface="text")]


@pytest.fixture
def preprocess(tensorflow_text, loaded):  # in this order: without the import there are no ops to load
    return loaded


def test_outside(model, preprocess, compiled):
    """Strings to ids on the host, as in Dataset.map; what computes on the ids compiles."""
    embeddings = tf.Variable(tf.ones([1000, 8]))

    def mean(ids):
        mask = tf.cast(ids["input_mask"], tf.float32)
        return tf.einsum("blw,bl->bw", tf.gather(embeddings, ids["input_word_ids"]), mask)

    sentences = tf.data.Dataset.from_tensor_slices(model.inputs["sentences"]).batch(4)
    program = compiled(mean, next(iter(sentences.map(preprocess))))
    assert not program.custom_calls


@pytest.mark.declared(
    raises=("OpError", "ValueError"),
    match=r"No registered '\w+' OpKernel for XLA_CPU_JIT",
    instead="XLA has no strings: preprocess before, in Dataset.map",
    proof="cases/compiling/test_preprocess.py::test_outside",
)
def test_inside(model, preprocess, compiled):
    """Wrong way: preprocessing in the compiled function."""
    compiled(lambda sentences: preprocess(sentences)["input_word_ids"], tf.constant(model.inputs["sentences"]))
