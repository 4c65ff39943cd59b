"""The supply of models for a run: the seam between the engine and what it measures.

The matrix runs on replicas, or on published models; `hubmatrix check` on a user's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from harness.domain import Lacking
from harness.models import cache, replicas


class Supply(Protocol):
    """Models by id."""

    def lacking(self, models: Iterable[str]) -> Mapping[str, Lacking]:
        """Return the models that no cell can get, with the reason: `network`, or `model` if a server has none or refuses it.

        The other methods are not called with these.
        """

    def digests(self, models: Iterable[str]) -> Mapping[str, str]:
        """Return a digest of everything of each model that can change an outcome: its files, and its manifest."""

    def manifest(self, model: str) -> Path:
        """Return the file that cases read a model's description from."""

    def bring(self, model: str, work: Path) -> None:
        """Put the model where its handle leads, for the cell with this work folder.

        TFHUB_CACHE_DIR of the cell is `hub` in it, its current folder `cwd`.
        """


class Replicas:
    """The committed replicas, under the published handles."""

    def lacking(self, models: Iterable[str]) -> Mapping[str, Lacking]:  # noqa: ARG002  (they come with hubmatrix)
        return {}

    def digests(self, models: Iterable[str]) -> Mapping[str, str]:
        """Return the digest of each manifest, which names that of its archive; preprocessing comes with its encoder's."""
        digests = {}
        for model in models:
            paths = [replicas.manifest_path(replica.manifest.id) for replica in replicas.with_encoder(model)]
            digests[model] = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
        return digests

    def manifest(self, model: str) -> Path:
        return replicas.manifest_path(model)

    def bring(self, model: str, work: Path) -> None:
        cache.fill(work / "hub", replicas.with_encoder(model))
