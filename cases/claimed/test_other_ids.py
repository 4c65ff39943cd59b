"""What an encoder makes of ids that another tokenizer gave."""

import numpy as np
import pytest
import tensorflow as tf

pytestmark = [pytest.mark.models(format="saved_model_2", interface="dict"), pytest.mark.needs("eager execution")]


def test_other_ids(model, loaded):
    """Ids of another vocabulary, here the next ones in this: no error, and other vectors."""
    shifted = dict(model.inputs, input_word_ids=np.maximum(model.inputs["input_word_ids"] - 1, 0))
    shifted = {name: tf.constant(rows) for name, rows in shifted.items()}
    difference = np.abs(loaded(shifted)["pooled_output"].numpy() - model.outputs["pooled_output"]).max()
    assert difference > model.tolerance
