"""Models on disk, written without TensorFlow: SavedModels by the same descriptors, Keras files by zipfile and h5py."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest
from google.protobuf import json_format

from harness.models.inspect import messages

FLOAT, INT, STRING, LONG, RESOURCE = 1, 3, 7, 9, 20
Proto = dict[str, Any]
SaveModel = Callable[..., Path]


def info(dtype: int, *sizes: int) -> Proto:
    return {"name": "x:0", "dtype": dtype, "tensor_shape": {"dim": [{"size": size} for size in sizes]}}


def spec(dtype: int, *sizes: int, name: str = "") -> Proto:
    return {"tensor_spec_value": {"name": name, "dtype": dtype, "shape": {"dim": [{"size": size} for size in sizes]}}}


def ragged(dtype: int, *sizes: int) -> Proto:
    """A RaggedTensorSpec: ragged in every dimension of any size after the first."""
    shape = {"tensor_shape_value": {"dim": [{"size": size} for size in sizes]}}
    rank = max(axis for axis, size in enumerate(sizes) if size < 0)
    state = several(shape, {"tensor_dtype_value": dtype}, {"int64_value": rank}, {"tensor_dtype_value": LONG})
    return {"type_spec_value": {"type_spec_class": 3, "type_spec_class_name": "RaggedTensorSpec", "type_state": state}}


def sparse(dtype: int, *sizes: int) -> Proto:
    """A SparseTensorSpec."""
    state = several({"tensor_shape_value": {"dim": [{"size": size} for size in sizes]}}, {"tensor_dtype_value": dtype})
    return {"type_spec_value": {"type_spec_class": 1, "type_spec_class_name": "SparseTensorSpec", "type_state": state}}


def several(*values: Proto) -> Proto:
    return {"tuple_value": {"values": list(values)}}


def named(**values: Proto) -> Proto:
    return {"dict_value": {"fields": values}}


def called(*traces: tuple[Proto, Proto]) -> Proto:
    """An object graph whose root can be called: (arguments, outputs) of each trace."""
    root = {"children": [{"node_id": 1, "local_name": "__call__"}], "user_object": {"identifier": "_generic_user_object"}}
    names = [f"f{number}" for number in range(len(traces))]
    concrete = {
        name: {"canonicalized_input_signature": several(taken, named()), "output_signature": given}
        for name, (taken, given) in zip(names, traces, strict=True)
    }
    return {"nodes": [root, {"function": {"concrete_functions": names}}], "concrete_functions": concrete}


def serve(**parts: Any) -> Proto:
    return {"meta_info_def": {"tags": ["serve"], "tensorflow_version": "2.15.1"}, **parts}


def proto(*graphs: Proto) -> bytes:
    """The bytes of a SavedModel; the schema version, which real ones begin with, is before its first field."""
    empty = messages.saved_model(b"")
    return b"\x08\x01" + bytes(json_format.ParseDict({"meta_graphs": list(graphs)}, empty).SerializeToString())


@pytest.fixture
def saved_model(tmp_path: Path) -> SaveModel:
    def make(*graphs: Proto, name: str = "my_model", files: tuple[str, ...] = ()) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "saved_model.pb").write_bytes(proto(*graphs))
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(b"x")
        return folder

    return make


CONFIG: Proto = {
    "class_name": "Functional",
    "module": "keras.src.models.functional",
    "config": {
        "layers": [
            {"class_name": "InputLayer", "config": {"name": "ids", "batch_shape": [None, 16], "dtype": "int32"}},
            {
                "class_name": "Dense",
                "module": "keras.layers",
                "config": {"name": "out", "dtype": {"class_name": "DTypePolicy", "module": "keras", "config": {"name": "float32"}}},
            },
        ]
    },
}


def write_keras(path: Path, config: Proto | str, **others: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "3.5.0"}))
        file.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        file.writestr("model.weights.h5", b"weights")
        for name, data in others.items():
            file.writestr(name, data)
    return path


def write_h5(path: Path, config: Proto | None) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.15.0"
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
        file.create_group("model_weights")
    return path
