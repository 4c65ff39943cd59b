"""Servers that answer, but not with the model. Nothing of it may stay in the cache."""

from urllib.error import HTTPError

import pytest
import tensorflow_hub as hub


@pytest.mark.declared(
    raises="HTTPError",
    match="HTTP Error 404: Not Found",
    instead="the versions that exist are on the model's page; a handle without version gets the newest",
    proof="cases/fetching/test_download.py::test_unversioned",
)
def test_wrong_version(handle, cache):
    """Wrong way: a version that was never published."""
    hub.resolve(handle.rpartition("/")[0] + "/99")


STATUSES = {
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@pytest.mark.parametrize("status", STATUSES)
def test_status(at, cache, status):
    """The server's status is the message, at once: hub doesn't try again, not even where the server asks for that."""
    with pytest.raises(HTTPError, match=f"HTTP Error {status}: {STATUSES[status]}"):
        hub.resolve(at(f"/fault/{status}"))
    assert not list(cache.iterdir())


def test_status_uncompressed(at, cache, monkeypatch):
    """Under TFHUB_MODEL_LOAD_FORMAT=UNCOMPRESSED the same is a ValueError."""
    monkeypatch.setenv("TFHUB_MODEL_LOAD_FORMAT", "UNCOMPRESSED")
    with pytest.raises(ValueError, match="Expected 303 See other HTTP response but received code 404"):
        hub.resolve(at("/fault/404"))


@pytest.mark.parametrize("what", ["html", "empty"])
def test_no_archive(at, cache, what):
    """A page in place of the archive, as a login portal gives: "does not appear to be a valid module"."""
    with pytest.raises(OSError, match="does not appear to be a valid module"):
        hub.resolve(at("/fault/" + what))
    assert not list(cache.iterdir())


def test_archive_without_a_model(at, cache):
    """An archive of something else is unpacked and kept; only loading it fails (ValueError from hub 0.13 on, OSError before)."""
    with pytest.raises((OSError, ValueError), match=r"saved_model\.pb"):
        hub.load(at("/fault/no-model"))


@pytest.mark.declared(
    raises="NotFoundError",
    match="No such file or directory",
    instead="pack with `tar -cz -C model .`: folders are members too",
    proof="cases/fetching/test_download.py::test_address_of_an_archive",
)
def test_archive_without_folders(at, cache):
    """Wrong way: publishing an archive of files alone, without members for their folders."""
    hub.resolve(at("/fault/no-folders"))
