"""The committed replicas: finding, verifying and unpacking them. Making them is `rebuild`'s work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from harness.base.errors import HubmatrixError, ModelError, Problem
from harness.domain import Model
from harness.models import archives
from harness.models.manifest import Manifest

FOLDER = Path(__file__).parent / "replicas"
REBUILD = "restore the committed file, or make it anew with `hubmatrix models --write`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """A tiny model that stands for a published handle."""

    manifest: Manifest
    archive: Path

    @property
    def model(self) -> Model:
        """The published model that it stands for."""
        said = self.manifest
        return Model(id=said.id, handle=said.handle, format=said.hub_format, interface=said.interface)


def manifest_path(model_id: str, folder: Path = FOLDER) -> Path:
    """Where the manifest of a model is; its archive is beside it. `bert-en/3`: `bert-en-3.json`."""
    return folder / f"{model_id.replace('/', '-')}.json"


def archive_path(manifest: Path) -> Path:
    return manifest.with_suffix(".tar.gz")


def find(model_id: str, folder: Path = FOLDER) -> Replica:
    """The verified replica of a model. ModelError where there is none, or where it is not what its manifest says."""
    path = manifest_path(model_id, folder)
    if not path.is_file():
        known = ", ".join(replica.manifest.id for replica in every(folder))
        raise ModelError(f"no replica of model {model_id!r}", location=str(folder), hint=f"there are: {known or 'none'}")
    replica = _read(path)
    if replica.manifest.id != model_id:
        raise ModelError(f"id is {replica.manifest.id!r}, expected {model_id!r}", location=str(path))
    return replica


def with_encoder(model_id: str, folder: Path = FOLDER) -> tuple[Replica, ...]:
    """The verified replica of a model; of a preprocessing model, its encoder's too."""
    replica = find(model_id, folder)
    encoder = replica.manifest.encoder
    return (replica, find(encoder, folder)) if encoder else (replica,)


def every(folder: Path = FOLDER) -> tuple[Replica, ...]:
    """All replicas, verified, in the order of their file names."""
    return tuple(_read(path) for path in sorted(folder.glob("*.json")))


def unpack(replica: Replica, folder: Path) -> None:
    """Write the model below `folder`, which must be empty or absent. ModelError where the files are not those recorded."""
    folder.mkdir(parents=True, exist_ok=True)
    archives.unpack(replica.archive, folder)
    _expect(replica.manifest.tree_sha256, archives.tree_digest(folder), f"{replica.archive}: unpacked tree")


def _read(path: Path) -> Replica:
    archive = archive_path(path)
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise _invalid(path, error) from error
    if not archive.is_file():
        raise ModelError("archive is missing", location=str(archive), hint=REBUILD)
    _expect(manifest.archive_sha256, archives.file_digest(archive), str(archive))
    return Replica(manifest=manifest, archive=archive)


def _expect(said: str, found: str, place: str) -> None:
    if said != found:
        raise ModelError(f"sha256 is {found}, the manifest says {said}", location=place, hint=REBUILD)


def _invalid(path: Path, error: ValidationError) -> HubmatrixError:
    places = ((".".join(map(str, item["loc"])), item["msg"]) for item in error.errors())
    return ModelError.of(
        tuple(Problem(location=f"{path}: {where}" if where else str(path), message=what) for where, what in places)
    )
