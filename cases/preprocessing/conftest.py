"""What the cases of this folder share: the model, loaded once, from a copy that a case may take away; packages beside it."""

import importlib
import os
import shutil
import sys

import pytest
import tensorflow_hub as hub


@pytest.fixture(scope="session")
def handle(model, tmp_path_factory):
    """A folder instead of model.handle."""
    return shutil.copytree(hub.resolve(model.handle), str(tmp_path_factory.mktemp("hub") / "preprocess"))


@pytest.fixture(scope="session")
def layer(handle, tensorflow_text):
    """hub.KerasLayer(handle) after `import tensorflow_text`."""
    return hub.KerasLayer(handle, name="preprocessing")


@pytest.fixture(scope="session")
def preprocess(layer):
    """What hub.load(handle) gives after `import tensorflow_text`: hub.KerasLayer keeps it as resolved_object."""
    return layer.resolved_object


def beside(name):
    """A package as `pip install` adds it where nothing that is installed may change.

    hubmatrix installs it into a folder of its own and names that in HUBMATRIX_<NAME>; the folder comes last on sys.path, so that
    what is under test wins. By hand it is the package that is installed.
    """
    told = os.environ.get("HUBMATRIX_" + name.upper())
    if told is None:
        return pytest.importorskip(name, reason="not installed: pip install " + name)
    if told.startswith("unsatisfiable: "):
        pytest.skip(told)  # in the resolver's own words
    if told.startswith("unavailable"):
        raise RuntimeError(name + " " + told)  # this machine's trouble: the cell is unavailable instead of failed
    sys.path.append(told)
    return importlib.import_module(name)


@pytest.fixture(scope="session")
def transformers():
    """`import transformers`, of which only tokenizers are used here: they need no TensorFlow."""
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")  # a vocabulary is a file here: nothing is to be asked for
    return beside("transformers")


@pytest.fixture(scope="session")
def sentencepiece():
    """What transformers needs for tokenizers with a SentencePiece vocabulary, and doesn't install itself.

    Ask for it before transformers, which looks for it once, while it is imported.
    """
    return beside("sentencepiece")
