"""Find, verify and unpack the committed replicas. `rebuild` makes them."""

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
        """The published model that the replica stands for."""
        manifest = self.manifest
        return Model(id=manifest.id, handle=manifest.handle, format=manifest.hub_format, interface=manifest.interface)


def manifest_path(model_id: str, folder: Path = FOLDER) -> Path:
    """Return the path of a model's manifest, `bert-en-3.json` for `bert-en/3`; its archive is beside it."""
    return folder / f"{model_id.replace('/', '-')}.json"


def archive_path(manifest: Path) -> Path:
    return manifest.with_suffix(".tar.gz")


def find_replica(model_id: str, folder: Path = FOLDER) -> Replica:
    """Return the verified replica of a model. Raises ModelError if there is none, or if its manifest doesn't describe it."""
    path = manifest_path(model_id, folder)
    if not path.is_file():
        ids = ", ".join(replica.manifest.id for replica in every(folder))
        raise ModelError(f"no replica of model {model_id!r}", location=str(folder), hint=f"there are: {ids or 'none'}")
    replica = _read(path)
    if replica.manifest.id != model_id:
        raise ModelError(f"id is {replica.manifest.id!r}, expected {model_id!r}", location=str(path))
    return replica


def with_encoder(model_id: str, folder: Path = FOLDER) -> tuple[Replica, ...]:
    """Return the verified replica of a model; for a preprocessing model, its encoder's too."""
    replica = find_replica(model_id, folder)
    encoder = replica.manifest.encoder
    return (replica, find_replica(encoder, folder)) if encoder else (replica,)


def every(folder: Path = FOLDER) -> tuple[Replica, ...]:
    """Return all replicas, verified, in the order of their file names."""
    return tuple(_read(path) for path in sorted(folder.glob("*.json")))


def unpack(replica: Replica, folder: Path) -> None:
    """Write the model below `folder`, which must be empty or absent. Raises ModelError if the files differ from the record."""
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


def _expect(expected: str, actual: str, location: str) -> None:
    if expected != actual:
        raise ModelError(f"sha256 is {actual}, the manifest says {expected}", location=location, hint=REBUILD)


def _invalid(path: Path, error: ValidationError) -> HubmatrixError:
    problems = ((".".join(map(str, item["loc"])), item["msg"]) for item in error.errors())
    return ModelError.of(
        tuple(Problem(location=f"{path}: {field}" if field else str(path), message=message) for field, message in problems)
    )
