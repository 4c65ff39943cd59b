"""What a handle without a version leads to."""

from pathlib import Path

import tensorflow_hub as hub

BERT = "/tensorflow/bert_en_uncased_L-12_H-768_A-12"


def test_other_version(hub_server, tmp_path, monkeypatch):
    """A handle without version leads to another model than the same handle with version 2."""
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    unversioned, second = (Path(hub.resolve(hub_server + BERT + version), "saved_model.pb") for version in ("", "/2"))
    assert unversioned.read_bytes() != second.read_bytes()
