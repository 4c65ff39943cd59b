"""Recognize the kind of model at a path, by its files and their first bytes, not by its name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from typing_extensions import assert_never

from harness.base.errors import ModelError
from harness.models.inspect import keras_file, saved_model
from harness.models.inspect.tree import Tree, read_tree, unreadable
from harness.models.inspect.values import Content, Inspected, ModelKind

MODELS = "a SavedModel folder, a TF1 Hub module, a .keras or .h5 file, a .tar.gz of a folder, or a handle that starts with https://"
LISTED = 10_000
MOST_NAMES = 6
HDF5, ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"

LOOKALIKES: Mapping[str, str] = {
    "saved_model.pbtxt": "a SavedModel in text form: load it and save it again in binary form",
    "model.weights.h5": "an unpacked .keras file: give the file itself",
    "model.safetensors": "weights of the transformers library, without a graph",
    "pytorch_model.bin": "PyTorch weights",
    "tf_model.h5": "weights of the transformers library: use its save_pretrained(..., saved_model=True)",
    "checkpoint": "a checkpoint, which has weights and no graph: build the model, restore it and save it",
    "bert_model.ckpt.index": "a BERT checkpoint, which has weights and no graph",
    "fingerprint.pb": f"parts of a SavedModel: {saved_model.PROTO} is missing",
    "variables": f"parts of a SavedModel: {saved_model.PROTO} is missing",
}
"""Descriptions of what people give instead of a model, by the name of a file in it."""


def inspect(path: Path) -> Inspected:
    """Read everything that the files of a model say.

    Raises:
        ModelError: there is no model, or a damaged one.
        MachineError: a file can't be read.
    """
    kind = kind_of(path)
    tree = read_tree(path)
    return Inspected(kind=kind, tree=tree, content=_content(kind, tree))


def kind_of(path: Path) -> ModelKind:
    """Return the kind of a model. Raises ModelError with what was looked for and what was found."""
    try:
        if path.is_dir():
            return _of_folder(path)
        if path.is_file():
            return _of_file(path)
        path.stat()
    except FileNotFoundError:
        raise ModelError("no such file or folder", location=str(path), hint=f"give {MODELS}") from None
    except OSError as trouble:
        raise unreadable(trouble, path) from trouble
    raise ModelError("neither a file nor a folder", location=str(path), hint=f"give {MODELS}")


def _content(kind: ModelKind, tree: Tree) -> Content:
    match kind:
        case ModelKind.SAVED_MODEL | ModelKind.TF1_HUB:
            return saved_model.read_saved_model(tree)
        case ModelKind.KERAS_ZIP:
            return keras_file.read_zip(tree.root)
        case ModelKind.KERAS_H5:
            return keras_file.read_h5(tree.root)
        case _:
            assert_never(kind)


def _of_folder(path: Path) -> ModelKind:
    with os.scandir(path) as listed:
        names = {entry.name for entry in islice(listed, LISTED)}
    if saved_model.PROTO in names:
        if not (path / saved_model.PROTO).is_file():
            raise ModelError(f"{saved_model.PROTO} isn't a file", location=str(path))
        return ModelKind.TF1_HUB if "tfhub_module.pb" in names else ModelKind.SAVED_MODEL
    below = sorted(name for name in islice(sorted(names), MOST_NAMES) if (path / name / saved_model.PROTO).is_file())
    if below:
        hint = f"did you mean {path / below[0]}?"
    else:
        likely = next((description for name, description in LOOKALIKES.items() if name in names), "")
        hint = f"this looks like {likely}" if likely else f"give {MODELS}"
    listing = ", ".join(sorted(names)[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")
    raise ModelError(f"no model here: looked for {saved_model.PROTO}, found {listing or 'nothing'}", location=str(path), hint=hint)


def _of_file(path: Path) -> ModelKind:
    with path.open("rb") as opened:
        beginning = opened.read(len(HDF5))
    if beginning.startswith(ZIP):
        return ModelKind.KERAS_ZIP
    if beginning == HDF5:
        return ModelKind.KERAS_H5
    if path.name == saved_model.PROTO:
        raise ModelError("a part of a SavedModel", location=str(path), hint=f"give its folder: {path.parent}")
    likely = LOOKALIKES.get(path.name, "")
    content = f"begins with {beginning!r}" if beginning else "it is empty"
    hint = f"this looks like {likely}" if likely else f"give {MODELS}"
    raise ModelError(f"no model: neither a zip (.keras) nor HDF5 (.h5): {content}", location=str(path), hint=hint)
