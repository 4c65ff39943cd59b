"""A user's model as a source: each cell gets a copy, and nothing is written into the original."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.domain import HubFormat, Interface
from harness.models import archives, replicas, user
from harness.models.fetch import LocatedModel, locate
from harness.models.handles import cache_name
from harness.models.inspect import inspect
from tests.unit.models.inspect.conftest import CONFIG, FLOAT, info, proto, serve, write_h5, write_keras


@pytest.fixture
def scale(tmp_path: Path) -> Path:
    """A SavedModel of no known interface."""
    folder = tmp_path / "scale"
    (folder / "variables").mkdir(parents=True)
    signature = {"inputs": {"x": info(FLOAT, -1, 3)}, "outputs": {"y": info(FLOAT, -1, 2)}}
    (folder / "saved_model.pb").write_bytes(proto(serve(signature_def={"serving_default": signature})))
    (folder / "variables" / "variables.index").write_bytes(b"index")
    return folder


def supply_of(model: Path, folder: Path) -> user.UserModel:
    inspected = inspect(model)
    named = user.model_of(LocatedModel(name=model.name, path=model, handle=None, origin=str(model)), inspected)
    return user.supply(inspected, named.handle, folder)


def test_a_cell_gets_a_copy(scale: Path, tmp_path: Path) -> None:
    """What a cell does to its files does nothing to the user's."""
    before = archives.tree_digest(scale)
    supply_of(scale, tmp_path / "known").bring("scale", tmp_path / "work")
    copied = tmp_path / "work" / "cwd" / "scale"
    assert archives.tree_digest(copied) == before
    for file in copied.rglob("*.*"):
        file.write_bytes(b"spoiled") if file.is_file() else None
    assert archives.tree_digest(scale) == before


def test_a_handle_is_in_the_cell_s_cache(tmp_path: Path) -> None:
    replica = replicas.find_replica("bert-uncased/1")
    brought = locate(replica.manifest.handle, tmp_path / "known", None)
    inspected = inspect(brought.path)
    model = user.model_of(brought, inspected)
    assert (model.handle, model.format) == (replica.manifest.handle, HubFormat.TF1_HUB)
    user.supply(inspected, model.handle, tmp_path / "known").bring(model.id, tmp_path / "work")
    assert archives.tree_digest(tmp_path / "work" / "hub" / cache_name(replica.manifest.handle)) == replica.manifest.tree_sha256


def test_the_digest_changes_with_the_files(scale: Path, tmp_path: Path) -> None:
    first = supply_of(scale, tmp_path / "known").digests(["scale"])
    assert supply_of(scale, tmp_path / "known").digests(["scale"]) == first
    (scale / "variables" / "variables.index").write_bytes(b"other")
    assert supply_of(scale, tmp_path / "known").digests(["scale"]) != first


def test_the_manifest_tells_cases_what_it_is(scale: Path, tmp_path: Path) -> None:
    supply = supply_of(scale, tmp_path / "known")
    manifest = json.loads(supply.manifest("scale").read_text())
    assert (manifest["handle"], manifest["interface"]) == ("./scale", Interface.OTHER.value)
    assert list(manifest["checked"]["signatures"]) == ["serving_default"]
    assert supply.lacking(["scale"]) == {}


def test_keras_files_have_the_endings_that_keras_wants(tmp_path: Path) -> None:
    assert supply_of(write_keras(tmp_path / "my model", CONFIG), tmp_path / "known").handle == "./model.keras"
    assert supply_of(write_h5(tmp_path / "net.hdf5", CONFIG), tmp_path / "known").handle == "./net.h5"
