"""A published model at a Hub server on this machine, and an empty cache to fetch it into."""

import hashlib
import http.client
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

BERT = "/tensorflow/bert_en_uncased_L-12_H-768_A-12/2"  # list models load fast, in half of the time of /3
FILES = {  # digests of what the server has, as `digest_of` makes them; a test of ours holds them against the replicas
    "2": "e953e2901d1be1464fde9259bf016cb4ba8bd742e936facbad5d9617913af45a",
    "4": "303019783531fb1fc7973d4777f20a1232efad75ffbc26a6946c97cde10af73a",  # the newest
}


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


def digest_of(top):
    """Of the paths and bytes of all files below a folder."""
    by_path = {path.relative_to(top).as_posix(): path.read_bytes() for path in Path(top).rglob("*") if path.is_file()}
    lines = (f"{hashlib.sha256(by_path[path]).hexdigest()}  {path}\n" for path in sorted(by_path))
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


@pytest.fixture
def assert_whole():
    """assert_whole(folder, version="2"): it has the files of that version of the model, byte for byte, and no others."""

    def assert_whole(top, version="2"):
        assert digest_of(top) == FILES[version], f"not the files of version {version}"

    return assert_whole


@pytest.fixture
def assert_replica(request, files):
    """assert_replica(folder): it has the files of the cell's model, byte for byte; of a model that is no replica it has some."""
    manifest = json.loads(Path(request.config.getoption("--model")).read_text(encoding="utf-8"))

    def assert_replica(top):
        assert "saved_model.pb" in files(top)
        assert digest_of(top) == manifest.get("tree_sha256", digest_of(top)), "not the files of the replica"

    return assert_replica


@pytest.fixture
def first_status():
    """first_status(handle): what the server answers to hub's first question, a redirect not followed."""

    def first_status(handle):
        parts = urlsplit(handle)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        try:
            connection.request("GET", parts.path + "?tf-hub-format=compressed")
            return connection.getresponse().status
        finally:
            connection.close()

    return first_status
