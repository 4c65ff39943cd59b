"""Keras' own files, and what pretends to be one."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from harness.base.errors import ModelError
from harness.models.inspect import ModelKind, inspect
from harness.models.inspect import keras_file as module
from tests.unit.models.inspect.conftest import CONFIG, write_h5, write_keras


def inputs(config: Any, tmp_path: Path) -> list[str]:
    found = inspect(write_keras(tmp_path / "m.keras", config)).content
    return [str(one) for signature in found.signatures for one in signature.inputs]


def test_a_keras_file(tmp_path: Path) -> None:
    found = inspect(write_keras(tmp_path / "model.keras", CONFIG))
    assert found.kind is ModelKind.KERAS_ZIP
    assert (found.content.written_by, found.content.keras, found.content.custom, found.content.notes) == (
        "Keras 3.5.0",
        True,
        (),
        (KERAS_3,),
    )
    assert [str(one) for one in found.content.signatures[0].inputs] == ["ids: int32 [?, 16]"]


def test_an_h5_file(tmp_path: Path) -> None:
    found = inspect(write_h5(tmp_path / "model.h5", CONFIG))
    assert found.kind is ModelKind.KERAS_H5
    assert found.content.written_by == "Keras 2.15.0"
    assert [str(one) for one in found.content.signatures[0].inputs] == ["ids: int32 [?, 16]"]


def test_the_ending_does_not_matter(tmp_path: Path) -> None:
    assert inspect(write_h5(tmp_path / "model.keras", CONFIG)).kind is ModelKind.KERAS_H5


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"batch_input_shape": [None, 3]}}]}, "[?, 3]"),
        (
            {"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"batch_shape": [None, 4]}}]}},
            "[?, 4]",
        ),
        ({"class_name": "Mine", "config": {}, "build_config": {"input_shape": [None, 5]}}, "[?, 5]"),
    ],
)
def test_models_without_input_layers(config: Any, expected: str, tmp_path: Path) -> None:
    assert inputs(config, tmp_path) == [f"inputs: float32 {expected}"]


def test_a_model_that_does_not_say_what_goes_in(tmp_path: Path) -> None:
    found = inspect(write_keras(tmp_path / "m.keras", {"class_name": "Mine", "config": {}})).content
    assert found.signatures == ()
    assert found.notes == ("its config doesn't name its inputs: it can be loaded and saved, but not called", KERAS_3)


@pytest.mark.parametrize(("write", "since"), [(write_keras, "2.13"), (write_h5, "3")])
def test_a_lambda_is_named(write: Any, since: str, tmp_path: Path) -> None:
    """Keras refuses Python code in a file by default: in .keras files from 2.13 on, in HDF5 files from Keras 3 on."""
    layer = {"class_name": "Lambda", "config": {"name": "twice", "function": ["4wE", None, None], "function_type": "lambda"}}
    found = inspect(write(tmp_path / "m", {"class_name": "Sequential", "config": {"layers": [layer]}})).content
    assert found.lambdas == ("twice",)
    assert (
        f"Python code is in it (Lambda layer twice): Keras from {since} on loads it only with load_model(..., safe_mode=False), "
        "for a file that you trust" in found.notes
    )


def test_ragged_and_sparse_inputs(tmp_path: Path) -> None:
    ragged = {"name": "ids", "batch_input_shape": [None, None], "dtype": "int32", "ragged": True}
    layers = [ragged, {"name": "f", "batch_input_shape": [None, 9], "sparse": True}]
    config = {"config": {"layers": [{"class_name": "InputLayer", "config": layer} for layer in layers]}}
    assert inputs(config, tmp_path) == ["ids: ragged int32 [?, ?]", "f: sparse float32 [?, 9]"]


def test_classes_of_the_author(tmp_path: Path) -> None:
    layers = [
        {"class_name": "Attention2", "module": "my_project.layers", "registered_name": "Attention2", "config": {}},
        {"class_name": "my>Gate", "config": {}},
        {"class_name": "KerasLayer", "config": {"handle": "https://tfhub.dev/x/1"}},
        {"class_name": "Dense", "module": "keras.layers", "registered_name": None, "config": {}},
    ]
    found = inspect(write_keras(tmp_path / "m.keras", {"class_name": "Functional", "config": {"layers": layers}})).content
    assert found.custom == ("Attention2", "KerasLayer", "my>Gate")


@pytest.mark.parametrize(
    "odd", [{"config": 3}, {"config": {"layers": {}}}, {"config": {"layers": [3, None]}}, {"config": [None]}, {}]
)
def test_configs_of_another_shape(odd: Any, tmp_path: Path) -> None:
    """Whatever JSON it is: no inputs, and no crash."""
    assert inputs(odd, tmp_path) == []


@pytest.mark.parametrize(
    "layer", [{}, {"batch_shape": 3}, {"batch_shape": ["x"]}, {"batch_shape": [None], "dtype": 3}, {"dtype": {"config": 3}}, 3]
)
def test_input_layers_of_another_shape(layer: Any, tmp_path: Path) -> None:
    assert len(inputs({"config": {"layers": [{"class_name": "InputLayer", "config": layer}]}}, tmp_path)) == 1


KERAS_3 = "written by Keras 3, which TensorFlow has from 2.16 on: Keras 2 may not know the classes and arguments in it"


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        inspect(path)
    return str(caught.value).replace(str(path), "FILE")


@pytest.mark.parametrize("name", ["../escaped.py", "/etc/escaped", "a/../../escaped", "..\\escaped"])
def test_a_member_that_leads_outside(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    told = refusal(write_keras(folder / "m.keras", CONFIG, **{name: b"harm"}))
    assert "leads out of the file (hint: don't load it: no Keras writes that)" in told
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["m.keras"]


def test_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_BYTES", 2**20)
    with zipfile.ZipFile(tmp_path / "m.keras", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", "{}")
        file.writestr("metadata.json", "{}")
        file.writestr("assets/big", bytes(2**22))
    assert (tmp_path / "m.keras").stat().st_size < 2**14
    assert refusal(tmp_path / "m.keras").startswith("FILE: unpacks to 0.0 GiB in 3 files")


def test_a_config_that_is_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONFIG_BYTES", 2**20)
    assert refusal(write_keras(tmp_path / "m.keras", " " * 2**21)) == "FILE: config.json has more than 1 MiB"


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "isn't JSON: "), ("[]", "isn't a JSON object"), ("[" * 100_000, "isn't JSON: "), ("\x00", "isn't JSON: ")],
)
def test_a_config_that_is_none(text: str, message: str, tmp_path: Path) -> None:
    assert f"FILE: config.json {message}" in refusal(write_keras(tmp_path / "m.keras", text))


def test_another_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as file:
        file.writestr("model.bin", b"x")
    assert refusal(tmp_path / "m.keras") == "FILE: a zip without config.json and metadata.json: not a .keras file"


def test_a_zip_cut_off(tmp_path: Path) -> None:
    path = write_keras(tmp_path / "m.keras", CONFIG)
    path.write_bytes(path.read_bytes()[:-30])
    assert refusal(path).startswith("FILE: not a readable zip: ")


def test_weights_only(tmp_path: Path) -> None:
    assert refusal(write_h5(tmp_path / "model.weights.h5", None)) == (
        "FILE: weights only: no model_config in it, but keras_version, model_weights "
        "(hint: build the network in code and load_weights('model.weights.h5') into it, "
        "then save all of it: model.save('model.h5'))"
    )


def test_an_h5_cut_off(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "m.h5", CONFIG)
    path.write_bytes(path.read_bytes()[:400])
    assert refusal(path).startswith("FILE: not a readable HDF5 file: ")


def test_an_h5_with_a_config_that_is_none(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = "{"
    assert refusal(tmp_path / "m.h5").startswith("FILE: model_config isn't JSON: ")


def test_ten_gigabytes(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "m.h5", CONFIG)
    with path.open("ab") as file:
        file.truncate(10 * 2**30)
    assert refusal(path).startswith("FILE: 10.0 GiB, the limit is 8 GiB")
