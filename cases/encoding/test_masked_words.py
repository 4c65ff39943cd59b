"""The other half of a published BERT: hub.load(handle).mlm guesses masked words."""

import numpy as np
import pytest

pytestmark = [pytest.mark.models(format="saved_model_2", interface="dict"), pytest.mark.needs("eager execution")]
POSITIONS = np.array([[1, 2, 3], [1, 2, 0]], np.int32)


@pytest.fixture
def guesses(model, loaded):
    if not hasattr(loaded, "mlm"):
        pytest.skip("its publisher exported it without mlm")
    return loaded.mlm({**model.inputs, "masked_lm_positions": POSITIONS})


def test_a_score_for_each_word(model, loaded, guesses):
    """mlm also takes masked_lm_positions, and gives mlm_logits: [batch, positions, words of the vocabulary], in their order."""
    batch, positions, words = guesses["mlm_logits"].shape
    assert (batch, positions) == POSITIONS.shape
    assert words > model.inputs["input_word_ids"].max()
    backwards = loaded.mlm({**model.inputs, "masked_lm_positions": POSITIONS[:, ::-1]})["mlm_logits"].numpy()
    assert backwards[:, ::-1] == pytest.approx(guesses["mlm_logits"].numpy(), abs=model.tolerance)
    assert backwards != pytest.approx(guesses["mlm_logits"].numpy(), abs=model.tolerance)


def test_the_encoder_is_the_same(model, guesses):
    """Its pooled_output is the encoder's own, with the published values."""
    assert guesses["pooled_output"].numpy() == pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)
