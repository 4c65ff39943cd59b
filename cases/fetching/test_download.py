"""Fetching a model: a handle that is an address, a cache on disk, and nothing else to set up."""

import socket
import tempfile
from urllib.parse import urlsplit

import pytest
import tensorflow as tf
import tensorflow_hub as hub


def test_every_kind_of_model_arrives(model, hub_server, cache, assert_replica):
    """hub.resolve downloads and unpacks what a handle names, whatever the model's format."""
    assert_replica(hub.resolve(hub_server + urlsplit(model.handle).path))


def test_load(handle, folder, assert_whole):
    """hub.load downloads a model that isn't in the cache."""
    assert hub.load(handle).signatures
    assert_whole(folder)


def test_second_time(handle, cache, assert_whole, monkeypatch):
    """The second time nothing is downloaded: it works without a network."""
    place = hub.resolve(handle)

    def no_network(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(socket, "create_connection", no_network)
    assert hub.resolve(handle) == place
    assert_whole(place)


def test_without_cache_dir(handle, tmp_path, monkeypatch):
    """Without TFHUB_CACHE_DIR the cache is tfhub_modules in the folder for temporary files, which systems clean."""
    monkeypatch.delenv("TFHUB_CACHE_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert hub.resolve(handle).startswith(str(tmp_path / "tfhub_modules"))


def test_folder_is_named_after_the_handle(handle, folder):
    """The folder's name is the SHA-1 of the handle as it was written."""
    assert hub.resolve(handle) == str(folder)


def test_a_slash_more(handle, cache):
    """A slash at the end names the same model and another folder: it is downloaded and kept twice."""
    assert hub.resolve(handle) != hub.resolve(handle + "/")


def test_unversioned(handle, cache, assert_whole):
    """A handle without version gets the newest; which one that was, nobody can tell from the cache afterwards."""
    assert_whole(hub.resolve(handle.rpartition("/")[0]), version="4")


def test_address_of_an_archive(handle, cache, assert_whole):
    """The address of a .tar.gz is a handle too: for models on a server of your own."""
    assert_whole(hub.resolve(handle + ".tar.gz"))


def test_progress(handle, cache, assert_whole, monkeypatch, capsys):
    """TFHUB_DOWNLOAD_PROGRESS=1 prints how far the download is."""
    monkeypatch.setenv("TFHUB_DOWNLOAD_PROGRESS", "1")
    assert_whole(hub.resolve(handle))
    assert "Total size" in capsys.readouterr().out


def test_uncompressed(handle, cache, monkeypatch):
    """TFHUB_MODEL_LOAD_FORMAT=UNCOMPRESSED downloads nothing: hub.resolve gives an address in Google's storage, gs://.

    Without a way to it TensorFlow 2.4 tries for a minute and a half, TensorFlow 2.15 gives up at once.
    """
    monkeypatch.setenv("TFHUB_MODEL_LOAD_FORMAT", "UNCOMPRESSED")
    monkeypatch.setattr(tf.compat.v1.gfile, "Exists", lambda _path: True)  # stands for a network with Google in it
    address = hub.resolve(handle)
    assert address.startswith("gs://")
    assert address.endswith(urlsplit(handle).path + "/uncompressed")
    assert not cache.exists()


def test_uncompressed_elsewhere(at, cache, monkeypatch):
    """UNCOMPRESSED from a server that has its files anywhere but in Google's storage is refused."""
    monkeypatch.setenv("TFHUB_MODEL_LOAD_FORMAT", "UNCOMPRESSED")
    with pytest.raises(ValueError, match="Expected server to return a GCS location but received file:///models"):
        hub.resolve(at("/fault/local"))


def test_load_format(handle, cache, assert_whole, monkeypatch):
    """TFHUB_MODEL_LOAD_FORMAT=COMPRESSED is what hub does without it: it downloads and unpacks."""
    monkeypatch.setenv("TFHUB_MODEL_LOAD_FORMAT", "COMPRESSED")
    assert_whole(hub.resolve(handle))


@pytest.mark.declared(
    raises="UnimplementedError",
    match="File system scheme 'http' not implemented",
    instead="the value is COMPRESSED or UNCOMPRESSED, in capitals",
    proof="cases/fetching/test_download.py::test_load_format",
)
def test_load_format_in_small_letters(handle, cache, monkeypatch):
    """Wrong way: TFHUB_MODEL_LOAD_FORMAT=compressed: hub takes the handle for a file, "scheme 'http' not implemented"."""
    monkeypatch.setenv("TFHUB_MODEL_LOAD_FORMAT", "compressed")
    hub.resolve(handle)
