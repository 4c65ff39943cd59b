"""Loading a preprocessing model without `import tensorflow_text`: what a user sees who forgot it, or never installed it."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

FORGOTTEN = pytest.mark.xfail(
    raises=(tf.errors.NotFoundError, FileNotFoundError, RuntimeError),
    strict=False,
    reason="its ops are in tensorflow-text: install the one of the same minor, and import tensorflow_text",
)
pytestmark = [pytest.mark.models(format="saved_model_2", interface="text"), FORGOTTEN]


def test_hub_load(model):
    """Wrong way: hub.load without the import."""
    hub.load(model.handle)


def test_keras_layer(model):
    """Wrong way: hub.KerasLayer without the import."""
    hub.KerasLayer(model.handle)


def test_saved_model_load(model):
    """Wrong way: tf.saved_model.load without the import."""
    tf.saved_model.load(hub.resolve(model.handle))
