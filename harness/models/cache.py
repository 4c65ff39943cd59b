"""Fill a TFHUB_CACHE_DIR, so that published handles resolve to replicas without a network.

Measured with tensorflow_hub 0.11 to 0.16: a folder that exists and isn't empty is used as it is, and nothing is requested.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from harness.base.errors import ModelError
from harness.base.files import make_once
from harness.models import archives, replicas
from harness.models.handles import cache_name
from harness.models.replicas import Replica


def fill(cache_dir: Path, chosen: Iterable[Replica]) -> None:
    """Put each replica where the hub library looks for its handle. Safe to repeat, and for two at once."""
    cache_dir.mkdir(parents=True, exist_ok=True)
    for replica in chosen:
        _install(replica, cache_dir / cache_name(replica.manifest.handle))


def _install(replica: Replica, target: Path) -> None:
    make_once(target, partial(replicas.unpack, replica))
    if archives.tree_digest(target) != replica.manifest.tree_sha256:
        raise ModelError(f"exists but is not the replica of {replica.manifest.id}", location=str(target), hint="remove it")
    # The hub library writes this file for people and never reads it.
    descriptor = target.with_name(f"{target.name}.descriptor.txt")
    descriptor.write_text(f"Module: {replica.manifest.handle}\nReplica: {replica.manifest.id}\n")
