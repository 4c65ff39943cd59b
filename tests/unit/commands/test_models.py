"""What `hubmatrix models` shows: every replica with its exporter, and what a rebuild found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.base.errors import ModelError
from harness.base.workspace import Workspace
from harness.commands import models
from harness.models import replicas
from harness.models.rebuild import Report


@pytest.fixture
def rebuilt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> models.ReplicaTable:
    """Three rebuilds, none of them real."""
    found = {"bert-en/1": ("width differs",), "bert-en/2": (), "bert-en/3": ("x",)}

    def rebuild(name: str, *_: object, write: bool, **__: object) -> Report:
        written = name == "bert-en/3"
        return Report(model=name, differences=found[name], identical=False, archive_bytes=1, written=written)

    async def no_interpreters() -> dict[str, object]:
        return {}

    monkeypatch.setattr(models, "rebuild", rebuild)
    monkeypatch.setattr(models, "machine_interpreters", no_interpreters)
    monkeypatch.setattr(models.uv_tool, "find_uv", lambda: Path("uv"))
    return models.rebuild_replicas(Workspace(root=tmp_path), tuple(found), write=False, tell=lambda _: None)


def lines(shown: models.ReplicaTable, start: str) -> Sequence[str]:
    return [line for line in shown.as_text().splitlines() if line.startswith(start)]


def test_the_list_is_a_row_a_replica() -> None:
    shown = models.list_replicas(())
    table = shown.as_text().splitlines()[: len(shown.rows) + 1]
    assert table[0].split() == ["model", "handle", "format", "interface", "KiB", "as", "of", "exporter"]
    assert [line.split()[0] for line in table[1:]] == [replica.manifest.id for replica in replicas.every()]
    (row,) = [line for line in table if line.startswith("bert-uncased/1")]
    size = replicas.find_replica("bert-uncased/1").archive.stat().st_size
    handle = "https://tfhub.dev/google/bert_uncased_L-12_H-768_A-12/1"
    exporter = "Python 3.7, tensorflow==1.15.5 tensorflow-hub bert-tensorflow==1.0.4"
    assert " ".join(row.split()) == f"bert-uncased/1 {handle} hub tf1_signature {size / 1024:.0f} 2021-01-27 {exporter}"


def test_approximations_are_told_below_the_table() -> None:
    (told,) = lines(models.list_replicas(["bert-en/1"]), "bert-en/1 is an approximation: ")
    assert "TensorFlow 2.1.0" in told
    assert not lines(models.list_replicas(["bert-uncased/1"]), "bert-uncased/1 is")


def test_a_name_without_replica_is_an_error() -> None:
    with pytest.raises(ModelError, match="no replica of model 'bert/9'"):
        models.list_replicas(["bert/9"])


def test_json_has_what_the_table_has() -> None:
    (facts,) = models.list_replicas(["preprocess/3"]).as_json()["models"]
    assert (facts["model"], facts["format"], facts["interface"]) == ("preprocess/3", "saved_model_2", "text")
    assert (facts["encoder"], facts["tolerance"], facts["rebuilt"]) == ("bert-en/3", 0, None)
    assert facts["exporter"]["script"] == "preprocess.py"
    assert facts["archive_bytes"] == replicas.find_replica("preprocess/3").archive.stat().st_size


def test_what_a_rebuild_found_is_told(rebuilt: models.ReplicaTable) -> None:
    assert not rebuilt.verified
    assert lines(rebuilt, "bert-en/1: ") == ["bert-en/1: differs from the committed replica"]
    assert lines(rebuilt, "    ") == ["    width differs"]
    assert lines(rebuilt, "bert-en/2: ") == ["bert-en/2: verified, equal in content"]
    assert lines(rebuilt, "bert-en/3: ") == ["bert-en/3: written"]
    assert [one["rebuilt"]["differences"] for one in rebuilt.as_json()["models"]] == [["width differs"], [], ["x"]]
