"""Archives that would do harm. hub must write nothing outside of the folder that it makes for the model."""

import resource
from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow_hub as hub


@pytest.mark.parametrize("name", ["traversal", "symlink", "hardlink"])
def test_way_out(at, cache, files, name):
    """A member that leads out of the archive's folder is refused, and nothing is kept or written elsewhere."""
    with pytest.raises(ValueError, match=r"Relative path|Unexpected object type in tar archive"):
        hub.resolve(at("/fault/" + name))
    assert files(cache.parent) == []


def test_absolute_path(at, cache, files):
    """A member with an absolute path is written below the model's folder."""
    place = hub.resolve(at("/fault/absolute"))
    assert "tmp/hubmatrix-outside.txt" in files(place)
    assert not Path("/tmp/hubmatrix-outside.txt").exists()


def test_archive_bomb(at, cache):
    """200 bytes that unpack to 10 GiB: hub writes them all. Only a limit of yours ends it, and then it cleans up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**25, hard))  # no file over 32 MiB
    try:
        with pytest.raises(tf.errors.OpError, match="File too large"):
            hub.resolve(at("/fault/sparse"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(cache.iterdir())
