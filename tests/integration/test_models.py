"""A replica made anew by the publisher's exporter is the committed one.

One TF1 and one TF2 exporter, the latter with tensorflow-text, arguments and excludes; `nox -s models` rebuilds all.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.environments import uv
from harness.models import replicas
from harness.models.manifest import ReplicaRecipe
from harness.models.rebuild import rebuild

pytestmark = pytest.mark.tensorflow


def python_for(version: str) -> Path | None:
    """An interpreter from pyenv's folder, or of that name on PATH."""
    found = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    named = shutil.which(f"python{version}")
    return found[-1] if found else Path(named) if named else None


def test_the_tf1_replica_can_be_made_anew(tmp_path: Path) -> None:
    if python_for("3.7") is None:
        pytest.skip("no Python 3.7 on this machine")
    report = rebuild("bert-uncased/1", tmp_path, uv=uv.find_uv(), python_for=python_for)
    assert report.differences == ()
    assert not report.written
    assert list(tmp_path.iterdir()) == []


def test_a_replica_is_made_from_its_recipe_alone(tmp_path: Path) -> None:
    """What a person writes to add a model is enough, and the result is a valid replica."""
    if python_for("3.8") is None:
        pytest.skip("no Python 3.8 on this machine")
    committed = replicas.find_replica("preprocess/3").manifest
    folder = tmp_path / "replicas"
    folder.mkdir()
    recipe = committed.model_dump(mode="json", include=set(ReplicaRecipe.model_fields))
    replicas.manifest_path("preprocess/3", folder).write_text(json.dumps(recipe))
    report = rebuild("preprocess/3", tmp_path / "work", uv=uv.find_uv(), python_for=python_for, write=True, folder=folder)
    assert report.written
    made = replicas.find_replica("preprocess/3", folder).manifest
    assert (made.inputs, made.outputs) == (committed.inputs, committed.outputs)
