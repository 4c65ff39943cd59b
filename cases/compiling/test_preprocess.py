"""Sentences: the ops of tensorflow-text run on the host, the rest on the TPU."""

import pytest
import tensorflow as tf

pytestmark = [pytest.mark.devices("tpu-v5e"), pytest.mark.models(format="saved_model_2", interface="text")]


@pytest.mark.declared(
    raises="ValueError",
    match="Value for attr 'output_ragged_rank' of 0 must be at least minimum 1",
    when="tensorflow<2",
    instead="TensorFlow 1 doesn't load what TensorFlow 2 wrote with ragged tensors: preprocess with TensorFlow 2",
)
def test_outside(model, tensorflow_text, load, compiled):
    """Strings to ids on the host, as in Dataset.map; what computes on the ids compiles."""
    preprocess = load()
    embeddings = tf.Variable(tf.ones([1000, 8]))

    def mean(ids):
        mask = tf.cast(ids["input_mask"], tf.float32)
        return tf.einsum("blw,bl->bw", tf.gather(embeddings, ids["input_word_ids"]), mask)

    sentences = tf.data.Dataset.from_tensor_slices(model.inputs["sentences"]).batch(4)
    program = compiled(mean, next(iter(sentences.map(preprocess))))
    assert not program.custom_calls


@pytest.mark.declared(
    raises="ValueError",
    match="Value for attr 'output_ragged_rank' of 0 must be at least minimum 1",
    when="tensorflow<2",
    instead="TensorFlow 1 doesn't load what TensorFlow 2 wrote with ragged tensors: preprocess with TensorFlow 2",
)
@pytest.mark.declared(
    raises=("OpError", "ValueError"),
    match=r"No registered '\w+' OpKernel for XLA_CPU_JIT|RET_CHECK failure .* variable\.var\(\)",  # of strings, or of its table
    instead="XLA has neither strings nor tables: preprocess before, in Dataset.map",
    proof="cases/compiling/test_preprocess.py::test_outside",
)
def test_inside(model, tensorflow_text, load, compiled):
    """Wrong way: preprocessing in the compiled function."""
    preprocess = load()
    compiled(lambda sentences: preprocess(sentences)["input_word_ids"], tf.constant(model.inputs["sentences"]))
