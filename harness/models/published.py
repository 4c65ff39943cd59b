"""`--models published`: the models of the matrix as their publishers gave them, from tfhub.dev or a server in its place.

Each is fetched once, here and not in a cell, so that a network that fails is never drawn as incompatibility, and kept
below `.hubmatrix`. Cells get it in their Hub cache, under the handle as published; what it gives is on no record, so cases
compare shapes only. Its digest says "published": nothing measured on a replica is reused for it, or the other way round.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from harness.base.errors import HubmatrixError, MachineError, ModelError, SpecError
from harness.base.files import write_atomically
from harness.base.workspace import Workspace
from harness.domain import Lacking, Model, Trouble
from harness.models import replicas
from harness.models.fetch import SCHEMES, Gone, download
from harness.models.handles import cache_name
from harness.models.inspect import Inspected, brief, inspect
from harness.models.inspect.tree import Tree, digest

AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Had:
    """A model that is here: its files, what cases are told of it, the digest of both, and the model that takes what it gives."""

    handle: str
    tree: Tree
    told: Path
    sha256: str
    encoder: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A supply of published models: those that are here, and why the others are not."""

    had: Mapping[str, Had]
    lacked: Mapping[str, Lacking]

    def lacking(self, models: Iterable[str]) -> Mapping[str, Lacking]:
        return {model: self.lacked[model] for model in models if model in self.lacked}

    def digests(self, models: Iterable[str]) -> Mapping[str, str]:
        return {
            model: hashlib.sha256("\n".join(one.sha256 for one in self._with_encoder(model)).encode()).hexdigest()
            for model in models
        }

    def manifest(self, model: str) -> Path:
        return self.had[model].told

    def bring(self, model: str, work: Path) -> None:
        """Hard links: a published model has hundreds of megabytes. What a cell deletes is deleted for itself alone."""
        for one in self._with_encoder(model):
            target = work / "hub" / cache_name(one.handle)
            for file in one.tree.files:
                made = target / file.name
                made.parent.mkdir(parents=True, exist_ok=True)
                _link(file.path, made)

    def _with_encoder(self, model: str) -> tuple[Had, ...]:
        one = self.had[model]
        return (one, self.had[one.encoder]) if one.encoder else (one,)


def fetch(models: Mapping[str, Model], place: Workspace, hub_url: str | None, tell: Callable[[str], None]) -> Published:
    """Every model and every encoder that one of them names; each is asked for once, several at a time, within bounds of time.

    Raises:
        SpecError: `hub_url` is no address.
    """
    if hub_url is not None and not hub_url.startswith(SCHEMES):
        raise SpecError(f"{hub_url!r} is no address of a server", location="--hub-url", hint="such as http://127.0.0.1:8700")
    encoders = {name: replicas.find(name).manifest.encoder for name in models}
    wanted = dict(models) | {name: replicas.find(name).model for name in encoders.values() if name}
    folder = place.published / cache_name(hub_url or "")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = dict(zip(wanted, pool.map(lambda model: _one(model, folder, hub_url, tell), wanted.values()), strict=True))
    inspected = {name: one for name, one in found.items() if isinstance(one, Inspected)}
    had = {
        name: _had(wanted[name], one, folder, encoder if (encoder := encoders.get(name)) in inspected else None)
        for name, one in inspected.items()
    }
    return Published(had=had, lacked={name: one for name, one in found.items() if isinstance(one, Lacking)})


def nothing_was_had(supply: Published, models: Mapping[str, Model]) -> MachineError | ModelError | None:
    """For a run that could measure nothing: the machine's error if one model could not be reached, else that of the models."""
    lacked = supply.lacking(models)
    if len(lacked) < len(models):
        return None
    unreached = next((one for one in lacked.values() if one.trouble is Trouble.NETWORK), None)
    if unreached is None:
        first = next(iter(lacked.values()))
        return ModelError(f"no model can be had: {first.message}", hint="--models replicas needs no server")
    hint = "is there a network? --hub-url names another server, --models replicas needs none"
    return MachineError(f"no model can be had: {unreached.message}", hint=hint)


def _one(model: Model, folder: Path, hub_url: str | None, tell: Callable[[str], None]) -> Inspected | Lacking:
    tell(f"{model.id}: fetching {model.handle}" + (f" from {hub_url}" if hub_url else ""))
    try:
        path = download(model.handle, folder, hub_url)
    except Gone as gone:
        return _told(model, hub_url, Trouble.MODEL, gone, tell)
    except (ModelError, MachineError) as trouble:  # nobody there, a download cut off or damaged: not the model's doing
        return _told(model, hub_url, Trouble.NETWORK, trouble, tell)
    try:
        return inspect(path)
    except ModelError as trouble:
        shutil.rmtree(path, ignore_errors=True)  # the next run asks again
        return _told(model, hub_url, Trouble.MODEL, trouble, tell)


def _told(model: Model, hub_url: str | None, trouble: Trouble, error: HubmatrixError, tell: Callable[[str], None]) -> Lacking:
    """The tool's own words, without the folder that it was at work in."""
    message = f"{model.handle}{f' from {hub_url}' if hub_url else ''}: {error.problems[0].message}"
    tell(f"{model.id}: unavailable ({trouble.value}): {message}")
    return Lacking(trouble=trouble, message=message)


def _had(model: Model, inspected: Inspected, folder: Path, encoder: str | None) -> Had:
    """The matrix says what the format and the interface are; the rest is read from the model."""
    known = {"hub_format": model.format.value, "interface": model.interface.value, "encoder": encoder}
    text = json.dumps({**brief.manifest(inspected, model.handle), **known}, indent=1)
    told = replicas.manifest_path(model.id, folder)
    write_atomically(told, text)
    sha256 = hashlib.sha256(f"published\n{digest(inspected.tree)}\n{text}".encode()).hexdigest()
    return Had(handle=model.handle, tree=inspected.tree, told=told, sha256=sha256, encoder=encoder)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(source, target)
