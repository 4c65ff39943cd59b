"""Whether a published model brings its tokenizer."""

import pytest
import tensorflow as tf

pytestmark = pytest.mark.models(format="saved_model_2", interface=["list", "dict"])


@pytest.mark.xfail(raises=AttributeError, strict=False, reason="it has the vocabulary only; the tokenizer is a model of its own")
def test_tokenize(loaded):
    """Wrong belief: the loaded encoder tokenizes."""
    loaded.tokenize(tf.constant(["a text"]))
