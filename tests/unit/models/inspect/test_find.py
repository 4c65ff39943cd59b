"""A path that is no model: what was looked for, what was found, what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.base.errors import HubmatrixError, MachineError, ModelError
from harness.models.inspect import ModelKind, inspect, kind_of
from harness.models.inspect import tree as tree_module
from harness.models.inspect.find import MODELS
from harness.models.inspect.tree import copy, digest, read_tree
from tests.unit.models.inspect.conftest import CONFIG, SaveModel, serve, write_keras


def refusal(path: Path, kind: type[HubmatrixError] = ModelError) -> str:
    with pytest.raises(kind) as caught:
        inspect(path)
    return str(caught.value).replace(str(path), "PATH")


def test_nothing_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == f"PATH: no such file or folder (hint: give {MODELS})"


def test_an_empty_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"PATH: no model here: looked for saved_model.pb, found nothing (hint: give {MODELS})"


def test_another_folder(tmp_path: Path) -> None:
    for name in "abcdefgh":
        (tmp_path / name).touch()
    assert refusal(tmp_path).startswith("PATH: no model here: looked for saved_model.pb, found a, b, c, d, e, f and 2 more (hint:")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("saved_model.pbtxt", "this looks like a SavedModel in text form: load it and save it again in binary form"),
        ("bert_model.ckpt.index", "this looks like a BERT checkpoint, which has weights and no graph"),
        ("model.safetensors", "this looks like weights of the transformers library, without a graph"),
        ("variables", "this looks like parts of a SavedModel: saved_model.pb is missing"),
    ],
)
def test_what_people_give_instead(name: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    assert refusal(tmp_path) == f"PATH: no model here: looked for saved_model.pb, found {name} (hint: {hint})"


def test_one_folder_too_high(saved_model: SaveModel) -> None:
    model = saved_model(serve(), name="1")
    assert refusal(model.parent).endswith("found 1 (hint: did you mean PATH/1?)")


def test_a_part_of_the_model(saved_model: SaveModel) -> None:
    model = saved_model(serve())
    assert refusal(model / "saved_model.pb") == f"PATH: a part of a SavedModel (hint: give its folder: {model})"


def test_a_folder_in_place_of_the_graph(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").mkdir()
    assert refusal(tmp_path) == "PATH: saved_model.pb isn't a file"


def test_other_files(tmp_path: Path) -> None:
    (tmp_path / "model.h5").write_bytes(b"not HDF5 at all")
    assert refusal(tmp_path / "model.h5") == (
        f"PATH: no model: neither a zip (.keras) nor HDF5 (.h5): begins with b'not HDF5' (hint: give {MODELS})"
    )
    (tmp_path / "model.h5").write_bytes(b"")
    assert "it is empty" in refusal(tmp_path / "model.h5")


def test_neither_file_nor_folder() -> None:
    assert refusal(Path("/dev/null")) == f"PATH: neither a file nor a folder (hint: give {MODELS})"


def test_kinds(saved_model: SaveModel, tmp_path: Path) -> None:
    assert kind_of(saved_model(serve())) is ModelKind.SAVED_MODEL
    assert kind_of(saved_model(serve(), name="hub", files=("tfhub_module.pb",))) is ModelKind.TF1_HUB
    assert kind_of(write_keras(tmp_path / "m", CONFIG)) is ModelKind.KERAS_ZIP


def test_links_in_a_circle(saved_model: SaveModel) -> None:
    model = saved_model(serve())
    (model / "assets").symlink_to(model, target_is_directory=True)
    assert refusal(model) == "PATH/assets: a folder that holds itself (hint: remove the link that leads in a circle)"


@pytest.mark.parametrize("target", ["variables", "nowhere"])
def test_links_that_lead_nowhere(target: str, saved_model: SaveModel) -> None:
    model = saved_model(serve())
    (model / "variables").symlink_to(target)
    assert refusal(model).startswith("PATH/variables: can't be followed: ")


def test_a_link_to_itself_as_the_model(tmp_path: Path) -> None:
    (tmp_path / "model").symlink_to("model")
    assert refusal(tmp_path / "model").startswith("PATH: can't be followed: ")


def test_links_to_files_elsewhere_are_the_model(saved_model: SaveModel, tmp_path: Path) -> None:
    """A download cache may be made of links."""
    blob = tmp_path / "blob"
    model = saved_model(serve())
    (model / "saved_model.pb").rename(blob)
    (model / "saved_model.pb").symlink_to(blob)
    (model / "assets").symlink_to(tmp_path / "shared", target_is_directory=True)
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "vocab.txt").write_text("a")
    found = inspect(model)
    assert [file.name for file in found.tree.files] == ["assets/vocab.txt", "saved_model.pb"]


def test_what_no_model_has(saved_model: SaveModel) -> None:
    model = saved_model(serve())
    os.mkfifo(model / "pipe")
    assert refusal(model) == "PATH/pipe: neither a file nor a folder (hint: a model has no sockets, pipes or devices)"


def test_too_many_files(saved_model: SaveModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "MOST_FILES", 3)
    model = saved_model(serve(), files=("a", "b", "c"))
    assert refusal(model) == "PATH: more than 3 files and folders (hint: give the model's own folder)"


def test_what_the_system_refuses_is_trouble_of_the_machine(saved_model: SaveModel, monkeypatch: pytest.MonkeyPatch) -> None:
    model = saved_model(serve())

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    assert refusal(model, MachineError) == "PATH: can't be read or copied: Permission denied"


def test_a_copy_shares_nothing(saved_model: SaveModel, tmp_path: Path) -> None:
    model = saved_model(serve(), files=("variables/variables.index",))
    tree = read_tree(model)
    before = digest(tree)
    copy(tree, tmp_path / "copy")
    made = read_tree(tmp_path / "copy")
    assert digest(made) == before
    for one, other in zip(tree.files, made.files, strict=True):
        assert one.path.stat().st_ino != other.path.stat().st_ino
        other.path.write_bytes(b"spoiled")
    assert digest(read_tree(model)) == before


def test_a_copy_of_a_model_that_is_one_file(tmp_path: Path) -> None:
    path = write_keras(tmp_path / "m.keras", CONFIG)
    copy(read_tree(path), tmp_path / "cell" / "other.keras")
    assert (tmp_path / "cell" / "other.keras").read_bytes() == path.read_bytes()
