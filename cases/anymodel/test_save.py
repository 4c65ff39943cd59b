"""Saving what was loaded, and loading that again."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [pytest.mark.models(format=["saved_model_2", "hub"]), pytest.mark.needs("eager execution")]


def test_save_and_reload(model, signature, tmp_path, assert_same):
    """tf.saved_model.save of the loaded object; loaded again, its signature gives the same values."""
    inputs = signature.inputs()
    loaded = hub.load(model.handle)
    before = loaded.signatures[signature.name](**inputs)
    tf.saved_model.save(loaded, str(tmp_path / "model"), signatures=loaded.signatures)
    after = tf.saved_model.load(str(tmp_path / "model")).signatures[signature.name](**inputs)
    assert_same(before, after, signature.random)
