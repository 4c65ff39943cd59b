"""Preprocessing and XLA: text ops run on the host only."""

import inspect

import pytest
import tensorflow as tf

TOO_OLD = pytest.mark.declared(
    raises="ValueError",
    match="Value for attr 'output_ragged_rank' of 0 must be at least minimum 1",
    when="tensorflow=2.0 and model=preprocess/3",
    instead="the model was written by a later TensorFlow: tokenize with transformers on its vocabulary",
    proof="cases/preprocessing/test_tokenizers.py::test_transformers_batch",
)
pytestmark = [pytest.mark.models(format="saved_model_2", interface="text"), pytest.mark.needs("eager execution"), TOO_OLD]


@pytest.fixture
def compiled():
    """Decorates a function so that XLA compiles it."""
    names = [name for name in ("jit_compile", "experimental_compile") if name in inspect.signature(tf.function).parameters]
    if not names:
        pytest.skip(f"tf.function of TensorFlow {tf.__version__} has no argument that asks for XLA")
    return tf.function(**{names[0]: True})


def test_preprocess_outside(model, compiled, preprocess):
    """Strings to ids on the host; what computes on the ids can be compiled."""
    added = compiled(lambda ids: ids["input_word_ids"] + ids["input_mask"])
    ids = preprocess(tf.constant(model.inputs["sentences"]))
    right = model.outputs["input_word_ids"] + model.outputs["input_mask"]
    assert added(ids).numpy().tolist() == right.tolist()


@TOO_OLD
@pytest.mark.declared(
    raises="InternalError",
    match=r"RET_CHECK failure .*xla_launch_util.cc",
    when="tensorflow>=2.5",
    instead="XLA has no strings: preprocess outside, e.g. in Dataset.map",
    proof="cases/preprocessing/test_under_xla.py::test_preprocess_outside",
)
@pytest.mark.declared(
    raises="InvalidArgumentError",
    match="Function invoked by the following node is not compilable",
    when="tensorflow<2.5",
    instead="XLA has no strings: preprocess outside, e.g. in Dataset.map",
    proof="cases/preprocessing/test_under_xla.py::test_preprocess_outside",
)
def test_preprocess_inside(compiled, preprocess):
    """Wrong way: jit_compile=True around the preprocessing."""
    compiled(lambda text: preprocess(text)["input_word_ids"])(tf.constant(["a film"]))
