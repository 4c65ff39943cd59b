"""The hub library's cache, filled from replicas."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.base.errors import ModelError
from harness.models import archives, cache, replicas
from harness.models.handles import cache_name


def test_each_replica_is_where_the_library_looks(tmp_path: Path) -> None:
    cache.fill(tmp_path / "cache", replicas.every())
    for replica in replicas.every():
        folder = tmp_path / "cache" / cache_name(replica.manifest.handle)
        assert archives.tree_digest(folder) == replica.manifest.tree_sha256
        descriptor = folder.with_name(folder.name + ".descriptor.txt")
        assert descriptor.read_text().splitlines()[0] == f"Module: {replica.manifest.handle}"
    assert len(list((tmp_path / "cache").iterdir())) == 2 * len(replicas.every())


def test_filling_again_changes_nothing(tmp_path: Path) -> None:
    replica = replicas.find_replica("bert-en/3")
    cache.fill(tmp_path, [replica])
    graph = tmp_path / cache_name(replica.manifest.handle) / "saved_model.pb"
    before = graph.stat().st_mtime_ns
    cache.fill(tmp_path, [replica])
    assert graph.stat().st_mtime_ns == before


def test_a_users_download_is_not_overwritten(tmp_path: Path) -> None:
    replica = replicas.find_replica("bert-en/3")
    folder = tmp_path / cache_name(replica.manifest.handle)
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"the real one")
    with pytest.raises(ModelError, match=r"exists but is not the replica of bert-en/3 \(hint: remove it\)"):
        cache.fill(tmp_path, [replica])
    assert (folder / "saved_model.pb").read_bytes() == b"the real one"
