"""The committed replicas are whole, distinct and small; anything else is an error with its place."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.base.errors import ModelError
from harness.domain import HubFormat, Interface, Model
from harness.models import archives, rebuild, replicas
from harness.models.manifest import Tokens, Vectors


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of one committed replica, to be damaged."""
    target = tmp_path / "replicas"
    target.mkdir()
    for source in (manifest := replicas.manifest_path("bert-en/3"), replicas.archive_path(manifest)):
        shutil.copy(source, target)
    return target


EVERY = pytest.mark.parametrize("replica", replicas.every(), ids=lambda replica: replica.manifest.id)
ENCODERS = pytest.mark.parametrize(
    "replica",
    [one for one in replicas.every() if one.manifest.interface is not Interface.TEXT],
    ids=lambda replica: replica.manifest.id,
)
PREPROCESSING = pytest.mark.parametrize(
    "replica",
    [one for one in replicas.every() if one.manifest.interface is Interface.TEXT],
    ids=lambda replica: replica.manifest.id,
)


def assets(replica: replicas.Replica, folder: Path) -> dict[str, bytes]:
    replicas.unpack(replica, folder)
    return {path.name: path.read_bytes() for path in folder.glob("assets/*")}


def test_every_replica_is_found_by_its_id() -> None:
    found = replicas.every()
    assert {"bert-en/3", "bert-uncased/1"} <= {replica.manifest.id for replica in found}
    assert all(replicas.find_replica(replica.manifest.id) == replica for replica in found)


def test_no_two_replicas_stand_for_one_handle() -> None:
    handles = [replica.manifest.handle for replica in replicas.every()]
    assert len(handles) == len(set(handles))


@EVERY
def test_a_replica_is_small_and_unpacks_to_what_was_recorded(replica: replicas.Replica, tmp_path: Path) -> None:
    assert replica.archive.stat().st_size < rebuild.SIZE_LIMIT
    replicas.unpack(replica, tmp_path / "model")
    assert archives.tree_digest(tmp_path / "model") == replica.manifest.tree_sha256


@EVERY
def test_a_vocabulary_inside_has_no_duplicate_and_the_recorded_size(replica: replicas.Replica, tmp_path: Path) -> None:
    for name, data in assets(replica, tmp_path / "model").items():
        if name == "vocab.txt":
            pieces = data.decode().splitlines()
            assert len(pieces) == len(set(pieces)) == replica.manifest.vocab_size
            assert {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"} < set(pieces)


@ENCODERS
def test_the_recorded_vectors_can_tell_a_broken_model(replica: replicas.Replica) -> None:
    given, gave = replica.manifest.inputs, replica.manifest.outputs
    assert isinstance(given, Tokens)
    assert isinstance(gave, Vectors)
    assert all(max(row) - min(row) > 1 for row in gave.pooled_output)
    assert max(abs(a - b) for a, b in zip(*gave.pooled_output, strict=True)) > 0.5
    assert 0 in given.input_mask[1]


@PREPROCESSING
def test_the_recorded_token_ids_show_every_part_of_preprocessing(replica: replicas.Replica) -> None:
    """A short sentence, one in many pieces, an empty one, and one that is cut; all ids are in the vocabulary."""
    tokens = replica.manifest.outputs
    assert isinstance(tokens, Tokens)
    lengths = [sum(row) for row in tokens.input_mask]
    assert lengths[2] == 2 < lengths[0] < lengths[1] < lengths[3] == replica.manifest.width
    assert max(max(row) for row in tokens.input_word_ids) < replica.manifest.vocab_size


@PREPROCESSING
def test_preprocessing_and_its_encoder_are_of_one_vocabulary(replica: replicas.Replica, tmp_path: Path) -> None:
    itself, encoder = replicas.with_encoder(replica.manifest.id)
    assert itself == replica
    assert replica.manifest.width <= 128, "the positions of a replica"
    assert replica.manifest.vocab_size == encoder.manifest.vocab_size
    for name, data in assets(itself, tmp_path / "itself").items():
        assert assets(encoder, tmp_path / "encoder")[name] == data


def test_a_replica_names_the_published_model() -> None:
    assert replicas.find_replica("bert-uncased/1").model == Model(
        id="bert-uncased/1",
        handle="https://tfhub.dev/google/bert_uncased_L-12_H-768_A-12/1",
        format=HubFormat.TF1_HUB,
        interface=Interface.TF1_SIGNATURE,
    )


def test_an_unknown_model_lists_the_known(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"no replica of model 'bert-de/1' \(hint: there are: bert-en/3\)"):
        replicas.find_replica("bert-de/1", folder)


def test_a_changed_archive_is_refused(folder: Path) -> None:
    archive = folder / "bert-en-3.tar.gz"
    archive.write_bytes(archive.read_bytes() + b"\0")
    with pytest.raises(ModelError, match=r"sha256 is [0-9a-f]{64}, the manifest says") as caught:
        replicas.find_replica("bert-en/3", folder)
    assert caught.value.problems[0].location == str(archive)
    assert "hubmatrix models --write" in caught.value.problems[0].hint


def test_a_missing_archive_is_refused(folder: Path) -> None:
    (folder / "bert-en-3.tar.gz").unlink()
    with pytest.raises(ModelError, match="archive is missing"):
        replicas.every(folder)


def test_every_fault_of_a_manifest_is_reported_with_its_place(folder: Path) -> None:
    path = folder / "bert-en-3.json"
    data = json.loads(path.read_text()) | {"widht": 1, "tolerance": -1}
    path.write_text(json.dumps(data))
    with pytest.raises(ModelError) as caught:
        replicas.find_replica("bert-en/3", folder)
    assert [problem.location for problem in caught.value.problems] == [f"{path}: tolerance", f"{path}: widht"]


def test_an_archive_of_other_files_is_refused(folder: Path, tmp_path: Path) -> None:
    """The archive's digest can be mended by hand; the tree's is checked all the same."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "saved_model.pb").write_bytes(b"")
    archive = folder / "bert-en-3.tar.gz"
    archive.write_bytes(archives.pack(tmp_path / "model"))
    path = folder / "bert-en-3.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"archive_sha256": archives.file_digest(archive)}))
    with pytest.raises(ModelError, match="unpacked tree"):
        replicas.unpack(replicas.find_replica("bert-en/3", folder), tmp_path / "out")
