"""A folder in the place of a handle."""

from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = pytest.mark.models(interface=["dict", "list", "tf1_signature"])


@pytest.fixture
def folder(model):
    return Path(hub.resolve(model.handle))


def test_resolve(folder):
    """hub.resolve gives the folder that a handle was downloaded to, and for a folder the folder itself."""
    assert (folder / "saved_model.pb").is_file()
    assert hub.resolve(str(folder)) == str(folder)


@pytest.mark.models(interface=["list", "tf1_signature"])  # they load fast
def test_relative_path(folder, monkeypatch):
    """hub.load takes a folder, also relative to the current one, also with a slash at the end."""
    monkeypatch.chdir(folder.parent)
    assert hub.load(folder.name + "/").signatures


@pytest.mark.xfail(
    raises=(OSError, tf.errors.OpError, TypeError),
    strict=False,
    reason="it takes a folder: tf.saved_model.load(hub.resolve(handle))",
)
def test_saved_model_load_of_a_handle(model):
    """Wrong way: tf.saved_model.load with a handle."""
    tf.saved_model.load(model.handle)


@pytest.mark.xfail(raises=(ValueError, AttributeError, TypeError), strict=False, reason="hub takes texts: str(path)")
def test_pathlib(folder):
    """Wrong way: hub.load with a pathlib.Path."""
    hub.load(folder)


@pytest.mark.xfail(
    raises=(OSError, ValueError, tf.errors.OpError), strict=False, reason="name the folder that holds saved_model.pb"
)
def test_file(folder):
    """Wrong way: the path of saved_model.pb itself."""
    hub.load(str(folder / "saved_model.pb"))


@pytest.mark.xfail(raises=(OSError, ValueError), strict=False, reason="name the folder that holds saved_model.pb")
def test_folder_above(folder):
    """Wrong way: the folder above the model's."""
    hub.load(str(folder.parent))


@pytest.mark.xfail(raises=OSError, strict=False, reason="nobody expands it: os.path.expanduser(path)")
def test_home(folder, monkeypatch):
    """Wrong way: a path that starts with ~."""
    monkeypatch.setenv("HOME", str(folder.parent))
    hub.load("~/" + folder.name)


@pytest.mark.xfail(raises=OSError, strict=False, reason="without https:// it is taken for a path")
def test_handle_without_protocol(model):
    """Wrong way: a handle without https://."""
    hub.load(model.handle.replace("https://", ""))
