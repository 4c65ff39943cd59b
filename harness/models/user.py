"""The model that a user brings to `hubmatrix check`, as a source of models like the replicas and the published ones.

Each cell works on a copy: below its current folder, or in its Hub cache for a handle. The user's own files are only read.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.base.files import write_atomically
from harness.domain import Lacking, Model
from harness.models.fetch import LocatedModel
from harness.models.handles import cache_name
from harness.models.inspect import Inspected, brief
from harness.models.inspect.interface import format_of, interface_of
from harness.models.inspect.tree import Tree, copy, digest
from harness.models.inspect.values import ModelKind

ENDINGS = {ModelKind.KERAS_ZIP: ".keras", ModelKind.KERAS_H5: ".h5"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserModel:
    """A user's model: its files, the handle that cases write for it, the manifest that cases read, and the digest of both."""

    tree: Tree
    handle: str
    manifest_path: Path
    sha256: str

    def lacking(self, models: Iterable[str]) -> Mapping[str, Lacking]:  # noqa: ARG002  (part of Supply; the files are here)
        return {}

    def digests(self, models: Iterable[str]) -> Mapping[str, str]:
        return dict.fromkeys(models, self.sha256)

    def manifest(self, model: str) -> Path:  # noqa: ARG002  (part of Supply; there is one model)
        return self.manifest_path

    def bring(self, model: str, work: Path) -> None:  # noqa: ARG002  (part of Supply; there is one model)
        cached = work / "hub"
        cached.mkdir(parents=True, exist_ok=True)
        target = work / "cwd" / self.handle if self.handle.startswith("./") else cached / cache_name(self.handle)
        copy(self.tree, target)


def model_of(located: LocatedModel, inspected: Inspected) -> Model:
    """Return the model for the plan: id, handle, format and interface."""
    handle = located.handle or f"./{_file_name(located.name, inspected.kind)}"
    return Model(id=_id(located.name), handle=handle, format=format_of(inspected), interface=interface_of(inspected))


def supply(inspected: Inspected, handle: str, folder: Path) -> UserModel:
    """Write the model's manifest below `folder`, under its digest, and return the supply that gives both to cells."""
    text = json.dumps(brief.manifest(inspected, handle), indent=1)
    sha256 = hashlib.sha256(f"{digest(inspected.tree)}\n{text}".encode()).hexdigest()
    path = folder / f"{sha256}.json"
    write_atomically(path, text)
    return UserModel(tree=inspected.tree, handle=handle, manifest_path=path, sha256=sha256)


def _id(name: str) -> str:
    """Return the model's name in selectors and in the report."""
    return re.sub(r"[^a-z0-9._/-]+", "-", name.lower()).strip("-./") or "model"


def _file_name(name: str, kind: ModelKind) -> str:
    """Return the model's file name in a cell: the user's own if it is a plain one, with the ending that Keras wants."""
    stem = Path(name).stem if kind in ENDINGS else name
    plain = stem if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", stem) else "model"
    return plain + ENDINGS.get(kind, "")
