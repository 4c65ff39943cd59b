"""A published model at a Hub server on this machine, and an empty cache to fetch it into."""

import hashlib
from pathlib import Path

import pytest

BERT = "/tensorflow/bert_en_uncased_L-12_H-768_A-12/2"  # list models load fast, in half of the time of /3


@pytest.fixture
def at(hub_server):
    """at("") is the handle of a model, at("/fault/403") the same with something wrong: see docs/hub-server.md."""
    return lambda prefix: hub_server + prefix + BERT


@pytest.fixture
def handle(at):
    """The handle of a model that can be fetched."""
    return at("")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty folder for downloads."""
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(cache, handle):
    """Where the model will be: hub names the folder after the handle."""
    return cache / hashlib.sha1(handle.encode("utf-8")).hexdigest()


@pytest.fixture
def files():
    """files(folder) lists all that is below it, by its path."""
    return lambda top: sorted(str(path.relative_to(top)) for path in Path(top).rglob("*") if not path.is_dir())
