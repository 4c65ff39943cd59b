"""`--models published`: the models of the matrix as published, from tfhub.dev or a server in its place.

Each is fetched once, before the cells run, so that a network that fails is never drawn as incompatibility, and kept below
`.hubmatrix`. Cells get it in their Hub cache, under the handle as published. Its right outputs are not recorded, so cases
compare shapes only. Its digest includes "published": nothing measured on a replica is reused for it, or the other way round.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from harness.base.errors import HubmatrixError, MachineError, ModelError
from harness.base.files import write_atomically
from harness.base.workspace import Workspace
from harness.domain import Lacking, Model, Trouble
from harness.models import replicas
from harness.models.address import ServerAddress
from harness.models.fetch import NotServed, download
from harness.models.handles import cache_name
from harness.models.inspect import Inspected, brief
from harness.models.inspect.bounded import inspect_bounded
from harness.models.inspect.tree import Tree, digest

AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedModel:
    """A fetched model: its files, the manifest that cases read, the digest of both, and the encoder of a preprocessing model."""

    handle: str
    tree: Tree
    manifest: Path
    sha256: str
    encoder: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedModels:
    """The published models of a run: those that were fetched, and the reasons why the others were not."""

    fetched: Mapping[str, PublishedModel]
    missing: Mapping[str, Lacking]

    def lacking(self, models: Iterable[str]) -> Mapping[str, Lacking]:
        return {model: self.missing[model] for model in models if model in self.missing}

    def digests(self, models: Iterable[str]) -> Mapping[str, str]:
        return {
            model: hashlib.sha256(
                "\n".join(published_model.sha256 for published_model in self._with_encoder(model)).encode()
            ).hexdigest()
            for model in models
        }

    def manifest(self, model: str) -> Path:
        return self.fetched[model].manifest

    def bring(self, model: str, work: Path) -> None:
        """Put links into the cell's cache, by name: a model has hundreds of megabytes, and a hard link could be written through."""
        for published_model in self._with_encoder(model):
            target = work / "hub" / cache_name(published_model.handle)
            for file in published_model.tree.files:
                link = target / file.name
                link.parent.mkdir(parents=True, exist_ok=True)
                _link(file.path, link)

    def _with_encoder(self, model: str) -> tuple[PublishedModel, ...]:
        published_model = self.fetched[model]
        return (published_model, self.fetched[published_model.encoder]) if published_model.encoder else (published_model,)


def fetch(
    models: Mapping[str, Model], workspace: Workspace, server: ServerAddress | None, tell: Callable[[str], None]
) -> PublishedModels:
    """Fetch every model, and every encoder that one of them names: each once, several at a time, within limits of time."""
    # Cases on preprocessing feed its outputs to the encoder, so that is fetched too, selected or not.
    encoders = {name: replicas.find_replica(name).manifest.encoder for name in models}
    needed = dict(models) | {name: replicas.find_replica(name).model for name in encoders.values() if name}
    folder = workspace.published / cache_name(server.url if server else "")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = dict(zip(needed, pool.map(lambda model: _fetch_model(model, folder, server, tell), needed.values()), strict=True))
    inspected = {name: result for name, result in results.items() if isinstance(result, Inspected)}
    fetched = {
        name: _published_model(
            needed[name], inspected_model, folder, encoder if (encoder := encoders.get(name)) in inspected else None
        )
        for name, inspected_model in inspected.items()
    }
    return PublishedModels(
        fetched=fetched, missing={name: result for name, result in results.items() if isinstance(result, Lacking)}
    )


def no_model_error(supply: PublishedModels, models: Mapping[str, Model]) -> MachineError | ModelError | None:
    """Return the error of a run that got no model, else None: a MachineError if a server couldn't be reached.

    Cells without a model were measured all the same, and a run of these alone lacks nothing.
    """
    missing = supply.lacking(models)
    if not models or len(missing) < len(models):
        return None
    unreached = next((reason for reason in missing.values() if reason.trouble is Trouble.NETWORK), None)
    if unreached is None:
        first = next(iter(missing.values()))
        return ModelError(f"no model is available: {first.message}", hint="--models replicas needs no server")
    hint = "is there a network? --hub-url names another server, --models replicas needs none"
    return MachineError(f"no model is available: {unreached.message}", hint=hint)


def _fetch_model(model: Model, folder: Path, server: ServerAddress | None, tell: Callable[[str], None]) -> Inspected | Lacking:
    tell(f"{model.id}: fetching {model.handle}" + (f" from {server.url}" if server else ""))
    try:
        path = download(model.handle, folder, server)
    except NotServed as refusal:
        return _unavailable(model, server, Trouble.MODEL, refusal, tell)
    except (ModelError, MachineError) as trouble:  # no answer, or a download cut off or damaged: not the model's fault
        return _unavailable(model, server, Trouble.NETWORK, trouble, tell)
    try:
        return inspect_bounded(path)
    except ModelError as trouble:
        shutil.rmtree(path, ignore_errors=True)  # the next run asks again
        return _unavailable(model, server, Trouble.MODEL, trouble, tell)


def _unavailable(
    model: Model, server: ServerAddress | None, trouble: Trouble, error: HubmatrixError, tell: Callable[[str], None]
) -> Lacking:
    """Report and return why a model is missing: the error's message, without the folder that it happened in."""
    message = f"{model.handle}{f' from {server.url}' if server else ''}: {error.problems[0].message}"
    tell(f"{model.id}: unavailable ({trouble.value}): {message}")
    return Lacking(trouble=trouble, message=message)


def _published_model(model: Model, inspected: Inspected, folder: Path, encoder: str | None) -> PublishedModel:
    """Write the manifest of a fetched model: format and interface are the matrix's, the rest is read from the model."""
    facts = {"hub_format": model.format.value, "interface": model.interface.value, "encoder": encoder}
    text = json.dumps({**brief.manifest(inspected, model.handle), **facts}, indent=1)
    manifest_file = replicas.manifest_path(model.id, folder)
    write_atomically(manifest_file, text)
    sha256 = hashlib.sha256(f"published\n{digest(inspected.tree)}\n{text}".encode()).hexdigest()
    return PublishedModel(handle=model.handle, tree=inspected.tree, manifest=manifest_file, sha256=sha256, encoder=encoder)


def _link(source: Path, target: Path) -> None:
    try:
        target.symlink_to(source.resolve())
    except OSError:  # a file system without links
        shutil.copyfile(source, target)
