"""Freeing the disk: what a project made and can make again."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.base.errors import MachineError
from harness.base.workspace import Workspace
from harness.environments import uv
from harness.environments.disk import PRUNE_SECONDS, busy, free_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Freed:
    """What was removed, and how many bytes of disk that gave back.

    Venvs are hard links into uv's cache, so most of their size stays with the cache until that is pruned too.
    """

    removed: tuple[str, ...]
    freed_bytes: int
    free_bytes: int

    def as_json(self) -> dict[str, Any]:
        return {"format": 1, "removed": list(self.removed), "freed_bytes": self.freed_bytes, "free_bytes": self.free_bytes}

    def as_text(self) -> str:
        told = ", ".join(self.removed) or "nothing"
        return f"removed {told}; {self.freed_bytes / 2**30:.2f} GiB freed, {self.free_bytes / 2**30:.1f} GiB free now"


def clean(place: Workspace, *, results: bool, uv_cache: bool) -> Freed:
    """Remove venvs, companions, toolchains, locks and work folders; results and uv's cache only when asked for.

    Raises:
        MachineError: a run is at work in them.
    """
    if busy(place.venvs):
        raise MachineError("a run is using these environments", location=str(place.venvs), hint="wait for it or end it, then clean")
    before = free_bytes(place.root)
    removed = [folder for folder in (place.state, *((place.runs, place.site, place.checks) if results else ())) if folder.exists()]
    for folder in removed:
        shutil.rmtree(folder, ignore_errors=True)
    names = [_name(place, folder) for folder in removed]
    if uv_cache:
        asyncio.run(uv.call(uv.find_uv(), ["cache", "prune", "--ci", "--quiet"], timeout=PRUNE_SECONDS))
        names.append("what uv's cache can get again")
    after = free_bytes(place.root)
    return Freed(removed=tuple(names), freed_bytes=max(0, after - before), free_bytes=after)


def _name(place: Workspace, folder: Path) -> str:
    return str(folder.relative_to(place.root))
