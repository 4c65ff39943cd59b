"""Read a Keras model in one file, `.keras` (a zip) or HDF5, without Keras. Nothing is unpacked."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from harness.base.errors import ModelError
from harness.models.archives import LARGEST_BYTES, MOST_FILES
from harness.models.inspect import keras_classes
from harness.models.inspect.tree import unreadable
from harness.models.inspect.values import Content, Layout, Signature, Tensor

CONFIG_BYTES = 64 * 2**20
CALL = "call"


def read_zip(path: Path) -> Content:
    """Read a `.keras` file. Raises ModelError for a file that isn't a zip, or a zip made to do harm."""
    try:
        with zipfile.ZipFile(path) as opened:
            _check_members(opened, path)
            metadata, config = (_json(opened, name, path) for name in ("metadata.json", "config.json"))
    except OSError as trouble:
        raise unreadable(trouble, path) from trouble
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as trouble:
        raise ModelError(f"not a readable zip: {trouble}", location=str(path), hint="copy or save the model again") from trouble
    return _content(str(metadata.get("keras_version", "")), config, safe_since="2.13")


def read_h5(path: Path) -> Content:
    """Read an HDF5 file of a whole Keras model. Raises ModelError if it has weights only."""
    import h5py  # takes a third of a second

    try:
        with h5py.File(path, "r") as opened:
            version, config = opened.attrs.get("keras_version", ""), opened.attrs.get("model_config")
            names = sorted({*opened.attrs, *opened})
    except PermissionError as trouble:  # h5py raises OSError for a damaged file as well
        raise unreadable(trouble, path) from trouble
    except (OSError, RuntimeError, ValueError) as trouble:
        raise ModelError(
            f"not a readable HDF5 file: {trouble}", location=str(path), hint="copy or save the model again"
        ) from trouble
    if config is None:
        message = f"weights only: no model_config in it, but {', '.join(names[:5]) or 'nothing'}"
        hint = f"build the network in code and load_weights({path.name!r}) into it, then save all of it: model.save('model.h5')"
        raise ModelError(message, location=str(path), hint=hint)
    return _content(_text(version), _parsed(_text(config), "model_config", path), safe_since="3")


def _check_members(opened: zipfile.ZipFile, path: Path) -> None:
    members = opened.infolist()
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts:
            hint = "don't load it: no Keras writes that"
            raise ModelError(f"{member.filename!r} leads out of the file", location=str(path), hint=hint)
    size = sum(member.file_size for member in members)
    if size > LARGEST_BYTES or len(members) > MOST_FILES:
        message = f"unpacks to {size / 2**30:.1f} GiB in {len(members)} files"
        raise ModelError(message, location=str(path), hint=f"the limit is {LARGEST_BYTES / 2**30:.0f} GiB and {MOST_FILES} files")
    missing = {"metadata.json", "config.json"} - {member.filename for member in members}
    if missing:
        raise ModelError(f"a zip without {' and '.join(sorted(missing))}: not a .keras file", location=str(path))


def _json(opened: zipfile.ZipFile, name: str, path: Path) -> dict[str, Any]:
    with opened.open(name) as file:
        data = file.read(CONFIG_BYTES + 1)  # the size in the zip's directory may be a lie
    if len(data) > CONFIG_BYTES:
        raise ModelError(f"{name} has more than {CONFIG_BYTES // 2**20} MiB", location=str(path))
    return _parsed(data.decode("utf-8", "replace"), name, path)


def _parsed(text: str, source: str, path: Path) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as trouble:
        raise ModelError(f"{source} isn't JSON: {trouble}", location=str(path)) from trouble
    if not isinstance(value, dict):
        raise ModelError(f"{source} isn't a JSON object", location=str(path))
    return value


def _content(version: str, config: dict[str, Any], *, safe_since: str) -> Content:
    """Return the content of a model by its config. `safe_since` is the first Keras that refuses Python code in it by default."""
    inputs = tuple(_inputs(config))
    signatures = (Signature(name=CALL, inputs=inputs, outputs=()),) if inputs else ()
    lambdas = keras_classes.lambda_layers(config)
    return Content(
        written_by=f"Keras {version}" if version else "",
        signatures=signatures,
        keras=True,
        custom=keras_classes.custom_classes(config),
        lambdas=lambdas,
        notes=tuple(_notes(inputs, lambdas, version, safe_since)),
    )


def _notes(inputs: Sequence[Tensor], lambdas: Sequence[str], version: str, safe_since: str) -> Iterator[str]:
    if not inputs:
        yield "its config doesn't name its inputs: it can be loaded and saved, but not called"
    if lambdas:
        yield (
            f"Python code is in it (Lambda layer {', '.join(lambdas)}): Keras from {safe_since} on loads it only with "
            "load_model(..., safe_mode=False), for a file that you trust"
        )
    if version.startswith("3."):
        yield "written by Keras 3, which TensorFlow has from 2.16 on: Keras 2 may not know the classes and arguments in it"


def _inputs(config: dict[str, Any]) -> Iterator[Tensor]:
    """Yield the inputs: those of the input layers; without any, that of the first layer, or the shape it was built for."""
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, dict) else inner  # Sequential of old: a plain list of layers
    layers = [layer for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []
    input_layers = [layer for layer in layers if layer.get("class_name") == "InputLayer"]
    if input_layers:
        if config.get("class_name") == "Sequential":
            input_layers = input_layers[:1]
        yield from (_input(layer.get("config", {})) for layer in input_layers)
        return
    first = layers[0].get("config", {}) if layers else {}
    sizes = first.get("batch_input_shape") or first.get("batch_shape") if isinstance(first, dict) else None
    built = config.get("build_config")
    sizes = sizes or (built.get("input_shape") if isinstance(built, dict) else None)
    if _is_shape(sizes):
        yield _input({"name": "inputs", "batch_shape": sizes, "dtype": first.get("dtype") or "float32"})


def _input(config: Any) -> Tensor:
    """Return the tensor of an input layer's config. A ragged one is ragged down to its last dimension of any size, as in Keras."""
    fields = config if isinstance(config, dict) else {}
    sizes = fields.get("batch_shape") or fields.get("batch_input_shape")
    dtype = fields.get("dtype") or "float32"
    if isinstance(dtype, dict):  # a policy of Keras 3
        policy = dtype.get("config")
        dtype = policy.get("name") if isinstance(policy, dict) else None
    layout = next((layout for layout in (Layout.SPARSE, Layout.RAGGED) if fields.get(layout.value)), Layout.DENSE)
    shape = tuple(sizes) if sizes and _is_shape(sizes) else None
    open_axes = [axis for axis, size in enumerate(shape or ()) if size is None and axis]
    return Tensor(
        name=str(fields.get("name", "")),
        dtype=str(dtype or "float32"),
        shape=shape,
        layout=layout,
        ragged_rank=max(open_axes, default=0) if layout is Layout.RAGGED else 0,
    )


def _is_shape(sizes: object) -> bool:
    return isinstance(sizes, (list, tuple)) and all(size is None or isinstance(size, int) for size in sizes)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
