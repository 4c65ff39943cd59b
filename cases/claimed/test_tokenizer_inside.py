"""Whether a published model brings its tokenizer."""

import pytest
import tensorflow as tf

pytestmark = pytest.mark.models(format="saved_model_2", interface=["list", "dict"])


@pytest.mark.declared(
    raises="AttributeError",
    match="'_UserObject' object has no attribute 'tokenize'",
    instead="it has the vocabulary only; the tokenizer is in the preprocessing model that was made for it",
    proof="cases/loading/test_hub_load.py::test_vocabulary",
)
def test_tokenize(loaded):
    """Wrong belief: the loaded encoder tokenizes."""
    loaded.tokenize(tf.constant(["a text"]))
