"""Downloads that go wrong on the way, and what is left of them."""

import socket
import threading
import time

import pytest
import tensorflow_hub as hub


@pytest.mark.parametrize("how", ["truncated", "hangup", "reset"])
def test_incomplete(at, cache, how):
    """An archive that ends early is an OSError, and nothing of it is kept: try again."""
    with pytest.raises(OSError, match=r"valid module|reset by peer"):
        hub.resolve(at("/fault/" + how))
    assert not list(cache.iterdir())


@pytest.mark.declared(
    raises="Failed",
    match="DID NOT RAISE <class 'OSError'>",
    instead="hub unpacks while it reads, and keeps what it has for the whole model: if it doesn't load, delete its folder",
    proof="cases/fetching/test_cache_states.py::test_deleting_the_folder",
)
@pytest.mark.parametrize("how", ["cut", "corrupt"])
def test_damaged_and_noticed(at, cache, how):
    """An archive that lost its last file, or has other bytes in its middle, is refused and not kept."""
    with pytest.raises(OSError, match=r"valid module|reset by peer"):
        hub.resolve(at("/fault/" + how))
    assert not list(cache.iterdir())


@pytest.mark.declared(
    raises="Failed",
    match="DID NOT RAISE <class 'Exception'>",
    when="tensorflow<2 and variant=corrupt",
    instead="TF1 reads weights when a session initializes them, and fails there; delete the folder",
    proof="cases/fetching/test_cache_states.py::test_deleting_the_folder",
)
@pytest.mark.parametrize("how", ["cut", "corrupt"])
def test_damaged_stays_damaged(at, cache, how, monkeypatch):
    """What was kept of a damaged archive fails to load, also later, with words about files and none about the download."""
    hub.resolve(at("/fault/" + how))
    monkeypatch.setattr(socket, "create_connection", None)  # nobody asks the server again
    with pytest.raises(Exception, match=r"variables|saved_model|Checksum does not match"):
        hub.load(at("/fault/" + how))


def test_slow(at, cache, assert_whole):
    """A slow download works; a time-out for sockets bounds each wait, not the whole."""
    start = time.monotonic()
    socket.setdefaulttimeout(1.0)
    try:
        folder = hub.resolve(at("/fault/slow"))
    finally:
        socket.setdefaulttimeout(None)
    assert_whole(folder)
    assert time.monotonic() - start > 1.0


@pytest.mark.parametrize("how", ["silent", "stall"])
def test_silence_with_a_timeout(at, cache, how):
    """A server that falls silent: socket.setdefaulttimeout before the download makes that an error."""
    socket.setdefaulttimeout(0.3)
    try:
        with pytest.raises(OSError, match="timed out"):
            hub.resolve(at("/fault/" + how))
    finally:
        socket.setdefaulttimeout(None)
    assert not list(cache.iterdir())


@pytest.mark.declared(
    raises="AssertionError",
    match="hub is still waiting",
    instead="hub sets no time-out: socket.setdefaulttimeout before the download does",
    proof="cases/fetching/test_broken_downloads.py::test_silence_with_a_timeout",
)
def test_silence(at, cache):
    """Wrong way: a download without a time-out. While the server is silent, hub waits."""
    waiting = threading.Thread(target=hub.resolve, args=(at("/fault/silent"),), daemon=True)
    waiting.start()
    waiting.join(1.0)
    assert not waiting.is_alive(), "hub is still waiting"
