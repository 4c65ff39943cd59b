"""Whether a published model brings its tokenizer."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(format="saved_model_2", interface=["list", "dict"])


@pytest.mark.xfail(raises=AttributeError, strict=False, reason="it has the vocabulary only; the tokenizer is a model of its own")
def test_tokenize(model):
    """Wrong belief: the loaded encoder tokenizes."""
    hub.load(model.handle).tokenize(tf.constant(["a text"]))
