"""Loading a preprocessing model without `import tensorflow_text`: what a user sees who forgot it, or never installed it."""

import pytest
import tensorflow as tf
import tensorflow_hub as hub

TEXT_MODELS = pytest.mark.models(format="saved_model_2", interface="text")
FORGOTTEN = pytest.mark.declared(
    raises=("RuntimeError", "FileNotFoundError", "NotFoundError"),
    match=r"Op type not registered '\w+' in binary",
    when="text=with",
    instead="its ops are in tensorflow-text: import tensorflow_text",
    proof="cases/preprocessing/test_preprocess.py::test_hub_load",
)
TOO_OLD = pytest.mark.declared(
    raises="ValueError",
    match="Value for attr 'output_ragged_rank' of 0 must be at least minimum 1",
    when="tensorflow<2.1 and model=preprocess/3",
    instead="the model was written by a later TensorFlow: tokenize with transformers on its vocabulary",
    proof="cases/preprocessing/test_tokenizers.py::test_transformers_batch",
)
NEVER_INSTALLED_ALBERT = pytest.mark.declared(
    raises=("RuntimeError", "FileNotFoundError", "NotFoundError"),
    match=r"Op type not registered '\w+' in binary",
    when="text=without and model=albert-preprocess/3",
    instead="its ops are in tensorflow-text: install the one of TensorFlow's minor, or tokenize with transformers",
    proof="cases/preprocessing/test_tokenizers.py::test_transformers_albert",
)
NEVER_INSTALLED = pytest.mark.declared(
    raises=("RuntimeError", "FileNotFoundError", "NotFoundError"),
    match=r"Op type not registered '\w+' in binary",
    when="text=without",
    instead="its ops are in tensorflow-text: install the one of TensorFlow's minor, or tokenize with transformers",
    proof="cases/preprocessing/test_tokenizers.py::test_transformers_batch",
)


@pytest.mark.lacks("tensorflow_text")
@pytest.mark.declared(
    raises="ModuleNotFoundError",
    match="No module named 'tensorflow_text'",
    when="text=without",
    instead="pip install tensorflow-text in the release of TensorFlow's own minor: tensorflow-text==2.15.* beside 2.15.1",
)
def test_not_installed():
    """Wrong way where tensorflow-text is not installed: import tensorflow_text."""
    import tensorflow_text  # noqa: F401


@TEXT_MODELS
@TOO_OLD
@FORGOTTEN
@NEVER_INSTALLED_ALBERT
@NEVER_INSTALLED
def test_hub_load(model):
    """Wrong way: hub.load without the import."""
    hub.load(model.handle)


@TEXT_MODELS
@TOO_OLD
@FORGOTTEN
@NEVER_INSTALLED_ALBERT
@NEVER_INSTALLED
def test_keras_layer(model):
    """Wrong way: hub.KerasLayer without the import."""
    hub.KerasLayer(model.handle)


@TEXT_MODELS
@TOO_OLD
@FORGOTTEN
@NEVER_INSTALLED_ALBERT
@NEVER_INSTALLED
@pytest.mark.needs("eager execution")  # TensorFlow 1 has another function under that name
def test_saved_model_load(model):
    """Wrong way: tf.saved_model.load without the import."""
    tf.saved_model.load(hub.resolve(model.handle))
