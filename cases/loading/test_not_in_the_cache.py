"""The cache knows a model by the exact text of its handle. Any other text is another model, and is downloaded."""

import socket
from pathlib import Path

import pytest
import tensorflow_hub as hub


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """No connection can be made. A proxy's address in the environment is not enough: older tensorflow-hub goes around it."""

    def refuse(*address, **options):
        raise ConnectionRefusedError("offline")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_the_same_handle(model):
    """Offline: a cached handle, letter for letter, is resolved without a connection."""
    assert Path(hub.resolve(model.handle), "saved_model.pb").is_file()


@pytest.mark.declared(
    raises="URLError",
    match="urlopen error offline",
    instead="repeat the handle exactly as it was cached, its version included, or go online",
    proof="cases/loading/test_not_in_the_cache.py::test_the_same_handle",
)
def test_no_version(model):
    """Wrong way, offline: a cached handle without its version."""
    hub.resolve(model.handle.rpartition("/")[0])


@pytest.mark.declared(
    raises="URLError",
    match="urlopen error offline",
    instead="repeat the handle exactly as it was cached, without a slash at its end, or go online",
    proof="cases/loading/test_not_in_the_cache.py::test_the_same_handle",
)
def test_trailing_slash(model):
    """Wrong way, offline: a cached handle with a slash at its end."""
    hub.resolve(model.handle + "/")
