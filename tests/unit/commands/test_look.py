"""What is said of a model that nobody has run yet."""

from __future__ import annotations

import json
from pathlib import Path

from harness.base.workspace import Workspace
from harness.commands import look
from tests.unit.models.inspect.conftest import CONFIG, FLOAT, INT, LONG, info, named, proto, ragged, serve, several, write_keras


def folder_with(root: Path, **graph: object) -> Path:
    folder = root / "scale"
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(proto(serve(**graph)))
    return folder


def described(model: Path, root: Path) -> list[str]:
    return look.describe(*look.look_into(Workspace(root=root), str(model), None)).splitlines()


def test_a_saved_model(tmp_path: Path) -> None:
    signature = {"inputs": {"x": info(FLOAT, -1, 3)}, "outputs": {"y": info(FLOAT, -1, 2)}}
    model = folder_with(tmp_path, signature_def={"serving_default": signature})
    size = f"{(model / 'saved_model.pb').stat().st_size / 2**10:.1f} KiB in 1 file"
    assert described(model, tmp_path) == [
        f"{model}: SavedModel, written by TensorFlow 2.15.1, {size}",
        "  signature   serving_default(x: float32 [?, 3]) -> y: float32 [?, 2]",
    ]


def test_a_ragged_signature_and_what_training_left(tmp_path: Path) -> None:
    variable = {"variable": {"name": "v", "dtype": FLOAT, "trainable": True}}
    root = {"children": [{"node_id": 1}, {"node_id": 2}]}
    optimizer = {"user_object": {"identifier": "optimizer"}, "children": [{"node_id": 3}]}
    function = {"canonicalized_input_signature": several(several(ragged(INT, -1, -1)), named())}
    objects = {"nodes": [root, variable, optimizer, variable], "concrete_functions": {"f": function}}
    signature = {"inputs": {"ids": info(INT, -1), "ids_1": info(LONG, -1)}}
    lines = described(folder_with(tmp_path, signature_def={"f": signature}, object_graph_def=objects), tmp_path)
    assert lines[1:3] == [
        "  weights     1, 1 of them trainable; 1 more of optimizer and metrics",
        "  signature   f(ids: ragged int32 [?, ?] in 2 parts (ids, ids_1))",
    ]


def test_facts_are_json(tmp_path: Path) -> None:
    brought, inspected = look.look_into(Workspace(root=tmp_path), str(write_keras(tmp_path / "m.keras", CONFIG)), None)
    facts = json.loads(json.dumps(look.facts(brought, inspected)))
    assert (facts["kind"], facts["interface"]) == ("Keras file (.keras)", "other")
    assert facts["signatures"] == [{"name": "call", "inputs": ["ids: int32 [?, 16]"], "outputs": []}]
    assert (facts["variables"], facts["training_state"], facts["lambdas"]) == (0, 0, [])
