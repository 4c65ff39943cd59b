"""The cache in the states that crashes, cleaners of temporary folders and full disks leave it in."""

import shutil

import pytest
import tensorflow as tf
import tensorflow_hub as hub
import tensorflow_hub.resolver


def test_empty_folder(handle, folder, assert_whole):
    """An empty folder is downloaded anew."""
    folder.mkdir(parents=True)
    hub.resolve(handle)
    assert_whole(folder)


def test_description_without_folder(handle, folder, assert_whole):
    """The text beside a folder that is gone means nothing: the model is downloaded."""
    folder.parent.mkdir(parents=True)
    (folder.parent / (folder.name + ".descriptor.txt")).write_text("Module: " + handle)
    hub.resolve(handle)
    assert_whole(folder)


def test_folder_without_description(handle, folder):
    """A folder without the text beside it is used: you may put a model there by hand."""
    hub.resolve(handle)
    (folder.parent / (folder.name + ".descriptor.txt")).unlink()
    assert hub.resolve(handle) == str(folder)


@pytest.mark.declared(
    raises=("OSError", "ValueError"),
    match="contains neither 'saved_model.pb'|SavedModel file does not exist",
    instead="hub looks only whether the folder is empty: delete the folder, and set TFHUB_CACHE_DIR to one that nobody cleans",
    proof="cases/fetching/test_cache_states.py::test_deleting_the_folder",
)
def test_files_are_gone(handle, folder):
    """Wrong way: keep models where files are deleted by age and folders are not, as in /tmp."""
    hub.resolve(handle)
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()
    hub.load(handle)


@pytest.mark.declared(
    raises=("FileNotFoundError", "NotFoundError", "InvalidArgumentError", "ValueError"),
    match="Failed to (find any|get) matching files",
    instead="hub looks only whether the folder is empty: delete the folder, and load again",
    proof="cases/fetching/test_cache_states.py::test_deleting_the_folder",
)
def test_variables_are_gone(handle, folder):
    """Wrong way: go on with a folder that has the graph but not the weights."""
    hub.resolve(handle)
    shutil.rmtree(str(folder / "variables"))
    hub.load(handle)


def test_deleting_the_folder(handle, folder, assert_whole):
    """The remedy for every broken folder: delete it, and the next load downloads it whole."""
    hub.resolve(handle)
    shutil.rmtree(str(folder / "variables"))
    shutil.rmtree(str(folder))
    assert_whole(hub.resolve(handle))


def test_left_by_a_killed_download(handle, folder, assert_whole):
    """What a killed download has left is not used, and never removed: look for *.tmp when the disk is full."""
    left = folder.parent / (folder.name + ".0123456789abcdef0123456789abcdef.tmp")
    left.mkdir(parents=True)
    (left / "saved_model.pb").write_bytes(b"half")
    hub.resolve(handle)
    assert_whole(folder)
    assert left.is_dir()


@pytest.fixture
def tries(monkeypatch):
    """How often hub tries again to get the lock; ended after a hundred, for hub 0.11 never ends."""
    counted = []

    def count(*_):
        counted.append(1)
        assert len(counted) < 100

    monkeypatch.setattr(tensorflow_hub.resolver, "_wait_for_lock_to_disappear", count)
    return counted


@pytest.mark.declared(
    raises="AssertionError",
    match="hub tried again without end",
    when="package(tensorflow-hub)<0.12",
    instead="before tensorflow-hub 0.12 it waits without end and says nothing: end it, and name a folder",
    proof="cases/fetching/test_download.py::test_load_format",
)
def test_file_in_place_of_the_cache(handle, cache, tries):
    """TFHUB_CACHE_DIR that names a file is an error, with its path."""
    cache.write_text("")
    with pytest.raises((tf.errors.OpError, AssertionError), match="cache"):
        hub.resolve(handle)
    assert not tries, "hub tried again without end"


def test_cache_that_may_not_be_written(handle, monkeypatch, tries):
    """TFHUB_CACHE_DIR of somebody else, or read-only: PermissionDeniedError."""
    monkeypatch.setenv("TFHUB_CACHE_DIR", "/sys")  # not even root may write there
    with pytest.raises(tf.errors.PermissionDeniedError):
        hub.resolve(handle)
    assert not tries, "hub tried again without end"
