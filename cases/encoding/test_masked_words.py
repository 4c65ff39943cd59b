"""The other half of a published BERT: hub.load(handle).mlm guesses masked words."""

import numpy as np
import pytest

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")
POSITIONS = np.array([[1, 2, 3], [1, 2, 0]], np.int32)


@pytest.fixture
def guesses(model, loaded):
    if not hasattr(loaded, "mlm"):
        pytest.skip("its publisher exported it without mlm")
    return loaded.mlm({**model.inputs, "masked_lm_positions": POSITIONS})


def test_a_score_for_each_word(model, guesses):
    """mlm also takes masked_lm_positions, and gives mlm_logits: [batch, positions, words of the vocabulary]."""
    batch, positions, words = guesses["mlm_logits"].shape
    assert (batch, positions) == POSITIONS.shape
    assert words > model.inputs["input_word_ids"].max()


def test_the_encoder_is_the_same(model, loaded, guesses):
    """Its pooled_output is the encoder's own."""
    assert np.allclose(guesses["pooled_output"].numpy(), loaded(model.inputs)["pooled_output"].numpy(), atol=model.tolerance)
