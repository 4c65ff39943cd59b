"""A Keras model in one file: `.keras` (a zip) or HDF5, read without Keras. Nothing is unpacked."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from harness.base.errors import ModelError
from harness.models.archives import LARGEST_BYTES, MOST_FILES
from harness.models.inspect.tree import unreadable
from harness.models.inspect.values import Content, Signature, Tensor

CONFIG_BYTES = 64 * 2**20
KERAS_MODULES = ("keras", "tensorflow", "tf_keras", "builtins")
CALL = "call"


def read_zip(path: Path) -> Content:
    """A `.keras` file. ModelError for a zip that is none, or one made to do harm."""
    try:
        with zipfile.ZipFile(path) as opened:
            _check_members(opened, path)
            metadata, config = (_json(opened, name, path) for name in ("metadata.json", "config.json"))
    except OSError as trouble:
        raise unreadable(trouble, path) from trouble
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as trouble:
        raise ModelError(f"not a readable zip: {trouble}", place=str(path), hint="copy or save the model again") from trouble
    return _content(str(metadata.get("keras_version", "")), config)


def read_h5(path: Path) -> Content:
    """An HDF5 file of a whole Keras model. ModelError where it has weights only."""
    import h5py  # takes a third of a second

    try:
        with h5py.File(path, "r") as opened:
            version, config = opened.attrs.get("keras_version", ""), opened.attrs.get("model_config")
            found = sorted({*opened.attrs, *opened})
    except PermissionError as trouble:
        raise unreadable(trouble, path) from trouble
    except (OSError, RuntimeError, ValueError) as trouble:
        raise ModelError(f"not a readable HDF5 file: {trouble}", place=str(path), hint="copy or save the model again") from trouble
    if config is None:
        told = f"weights only: no model_config in it, but {', '.join(found[:5]) or 'nothing'}"
        raise ModelError(told, place=str(path), hint="save the whole model: model.save('model.h5')")
    return _content(_text(version), _parsed(_text(config), "model_config", path))


def _check_members(opened: zipfile.ZipFile, path: Path) -> None:
    members = opened.infolist()
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts:
            hint = "don't load it: no Keras writes that"
            raise ModelError(f"{member.filename!r} leads out of the file", place=str(path), hint=hint)
    size = sum(member.file_size for member in members)
    if size > LARGEST_BYTES or len(members) > MOST_FILES:
        told = f"unpacks to {size / 2**30:.1f} GiB in {len(members)} files"
        raise ModelError(told, place=str(path), hint=f"the limit is {LARGEST_BYTES / 2**30:.0f} GiB and {MOST_FILES} files")
    missing = {"metadata.json", "config.json"} - {member.filename for member in members}
    if missing:
        raise ModelError(f"a zip without {' and '.join(sorted(missing))}: no .keras file", place=str(path))


def _json(opened: zipfile.ZipFile, name: str, path: Path) -> dict[str, Any]:
    with opened.open(name) as file:
        data = file.read(CONFIG_BYTES + 1)  # what the zip says of its size may be a lie
    if len(data) > CONFIG_BYTES:
        raise ModelError(f"{name} has more than {CONFIG_BYTES // 2**20} MiB", place=str(path))
    return _parsed(data.decode("utf-8", "replace"), name, path)


def _parsed(text: str, what: str, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as trouble:
        raise ModelError(f"{what} is no JSON: {trouble}", place=str(path)) from trouble
    if not isinstance(found, dict):
        raise ModelError(f"{what} is no JSON object", place=str(path))
    return found


def _content(version: str, config: dict[str, Any]) -> Content:
    inputs = tuple(_inputs(config))
    custom = tuple(sorted(set(_custom(config))))
    notes = () if inputs else ("its config doesn't say what goes in: it can be loaded and saved, but not called",)
    signatures = (Signature(name=CALL, inputs=inputs, outputs=()),) if inputs else ()
    return Content(written_by=f"Keras {version}" if version else "", signatures=signatures, keras=True, custom=custom, notes=notes)


def _inputs(config: dict[str, Any]) -> Iterator[Tensor]:
    """From the input layers; from the first layer, or what it was built for, where there are none."""
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, dict) else inner  # Sequential of old: a plain list of layers
    layers = [one for one in layers if isinstance(one, dict)] if isinstance(layers, list) else []
    found = [one for one in layers if one.get("class_name") == "InputLayer"]
    if found:
        if config.get("class_name") == "Sequential":
            found = found[:1]
        yield from (_input(one.get("config", {})) for one in found)
        return
    first = layers[0].get("config", {}) if layers else {}
    sizes = first.get("batch_input_shape") or first.get("batch_shape") if isinstance(first, dict) else None
    built = config.get("build_config")
    sizes = sizes or (built.get("input_shape") if isinstance(built, dict) else None)
    if _is_shape(sizes):
        yield _input({"name": "inputs", "batch_shape": sizes, "dtype": first.get("dtype") or "float32"})


def _input(config: Any) -> Tensor:
    said = config if isinstance(config, dict) else {}
    sizes = said.get("batch_shape") or said.get("batch_input_shape")
    dtype = said.get("dtype") or "float32"
    if isinstance(dtype, dict):  # a policy of Keras 3
        policy = dtype.get("config")
        dtype = policy.get("name") if isinstance(policy, dict) else None
    unusual = next((f"{what} tensor" for what in ("sparse", "ragged") if said.get(what)), "")
    shape = tuple(sizes) if sizes and _is_shape(sizes) else None
    return Tensor(name=str(said.get("name", "")), dtype=str(dtype or "float32"), shape=shape, unusual=unusual)


def _is_shape(sizes: object) -> bool:
    return isinstance(sizes, (list, tuple)) and all(size is None or isinstance(size, int) for size in sizes)


def _custom(config: Any) -> Iterator[str]:
    """Classes that no Keras defines: registered under a name of their own, or from another module."""
    waiting = [config]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            name, module = one.get("class_name"), one.get("module")
            if isinstance(name, str) and "config" in one:
                foreign = isinstance(module, str) and module.partition(".")[0] not in KERAS_MODULES
                if foreign or ">" in name or one.get("registered_name") not in (None, name) or name == "KerasLayer":
                    yield name
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
