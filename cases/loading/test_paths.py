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


def test_relative_path(folder, monkeypatch):
    """hub.load takes a folder, also relative to the current one, also with a slash at the end."""
    monkeypatch.chdir(folder.parent)
    assert hub.load(folder.name + "/").signatures


@pytest.mark.models(interface=["dict", "list"])
@pytest.mark.needs("eager execution")  # TensorFlow 1 has another function under that name
def test_saved_model_load(model, folder):
    """tf.saved_model.load(hub.resolve(handle)) does the same as hub.load(handle)."""
    inputs = {name: tf.constant(rows) for name, rows in model.inputs.items()}
    outputs = tf.saved_model.load(str(folder))(list(inputs.values()) if model.interface == "list" else inputs)
    right = pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)
    assert any(output.numpy() == right for output in tf.nest.flatten(outputs))


@pytest.mark.declared(
    raises="UnimplementedError",
    match="File system scheme 'https' not implemented",
    when="interface=tf1_signature",
    instead="it takes a folder: tf.saved_model.load(hub.resolve(handle), tags=[])",
    proof="cases/loading/test_load_tf1.py::test_saved_model_load",
)
@pytest.mark.declared(
    raises="UnimplementedError",
    match="File system scheme 'https' not implemented",
    when="interface in (dict, list)",
    instead="it takes a folder: tf.saved_model.load(hub.resolve(handle))",
    proof="cases/loading/test_paths.py::test_saved_model_load",
)
@pytest.mark.needs("eager execution")
def test_saved_model_load_of_a_handle(model):
    """Wrong way: tf.saved_model.load with a handle."""
    tf.saved_model.load(model.handle)


@pytest.mark.declared(
    raises="ValueError",
    match="Expected a string, got",
    instead="hub takes texts: hub.load(str(path))",
    proof="cases/loading/test_paths.py::test_relative_path",
)
def test_pathlib(folder):
    """Wrong way: hub.load with a pathlib.Path."""
    hub.load(folder)


@pytest.mark.declared(
    raises="ValueError",
    match=r"Trying to load a model of incompatible/unknown type\. '.*saved_model\.pb'",
    when="hub>=0.13",
    instead="name the folder that holds saved_model.pb",
    proof="cases/loading/test_paths.py::test_relative_path",
)
@pytest.mark.declared(
    raises="OSError",
    match=r"SavedModel file does not exist at: .*saved_model\.pb/",
    when="hub<0.13",
    instead="name the folder that holds saved_model.pb",
    proof="cases/loading/test_paths.py::test_relative_path",
)
def test_file(folder):
    """Wrong way: the path of saved_model.pb itself."""
    hub.load(str(folder / "saved_model.pb"))


@pytest.mark.declared(
    raises="ValueError",
    match=r"Trying to load a model of incompatible/unknown type\. '.*' contains neither",
    when="hub>=0.13",
    instead="name the folder that holds saved_model.pb",
    proof="cases/loading/test_paths.py::test_relative_path",
)
@pytest.mark.declared(
    raises="OSError",
    match=r"SavedModel file does not exist at: ",
    when="hub<0.13",
    instead="name the folder that holds saved_model.pb",
    proof="cases/loading/test_paths.py::test_relative_path",
)
def test_folder_above(folder):
    """Wrong way: the folder above the model's."""
    hub.load(str(folder.parent))


@pytest.mark.declared(
    raises="OSError",
    match="^(OSError: )?~/.* does not exist",
    instead="nobody expands ~: hub.load(os.path.expanduser(path))",
    proof="cases/loading/test_paths.py::test_relative_path",
)
def test_home(folder, monkeypatch):
    """Wrong way: a path that starts with ~."""
    monkeypatch.setenv("HOME", str(folder.parent))
    hub.load("~/" + folder.name)


@pytest.mark.declared(
    raises="OSError",
    match="tfhub.dev/.* does not exist",
    instead="without https:// it is taken for a path: write the whole handle",
    proof="cases/loading/test_paths.py::test_resolve",
)
def test_handle_without_protocol(model):
    """Wrong way: a handle without https://."""
    hub.load(model.handle.replace("https://", ""))
