"""The lock beside a folder: one process downloads, the others wait. It is a file, and stays when its process is killed.

These cases give hub a clock of their own, so that nobody waits.
"""

import pytest
import tensorflow_hub as hub
import tensorflow_hub.resolver


class Clock:
    """Time that passes only while hub sleeps. `then` is called at each sleep."""

    def __init__(self, then=lambda: None):
        self.now, self.then = 0.0, then

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        assert self.now < 24 * 3600, "waits for longer than a day"
        self.then()


@pytest.fixture
def lock(folder):
    """The lock of another process."""
    folder.parent.mkdir(parents=True)
    path = folder.parent / (folder.name + ".lock")
    path.write_text("elsewhere.4711.0123456789abcdef0123456789abcdef")
    return path


def test_stale_lock(handle, folder, lock, assert_whole, monkeypatch):
    """A lock whose process is gone costs twenty minutes, silently: ten to see no progress, ten to see none again."""
    clock = Clock()
    monkeypatch.setattr(tensorflow_hub.resolver, "time", clock)
    hub.resolve(handle)
    assert 1200 <= clock.now <= 1230
    assert_whole(folder)


def test_other_process_finishes(handle, folder, lock, monkeypatch):
    """A lock of a process that is at work: its download is used, five seconds after it is there."""

    def finish():
        if lock.exists():
            folder.mkdir()
            (folder / "saved_model.pb").write_bytes(b"of the other process")
            lock.unlink()

    monkeypatch.setattr(tensorflow_hub.resolver, "time", Clock(finish))
    hub.resolve(handle)
    assert (folder / "saved_model.pb").read_bytes() == b"of the other process"


def test_deleting_the_lock(handle, folder, lock, assert_whole, monkeypatch):
    """The remedy: delete the file that ends in .lock, if no process downloads."""
    lock.unlink()
    clock = Clock()
    monkeypatch.setattr(tensorflow_hub.resolver, "time", clock)
    hub.resolve(handle)
    assert clock.now == 0
    assert_whole(folder)


def test_no_lock_is_left(handle, cache):
    """After a download there is the model and a text beside it, and no lock."""
    hub.resolve(handle)
    assert sorted(path.suffix for path in cache.iterdir()) == ["", ".txt"]
