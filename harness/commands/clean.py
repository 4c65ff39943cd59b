"""`hubmatrix clean`: free the disk of what a run can make again."""

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
    """The names of what was removed, and the bytes of disk that became free.

    Venvs are hard links into uv's cache, so most of their size stays with the cache until that is pruned too.
    """

    removed: tuple[str, ...]
    freed_bytes: int
    free_bytes: int

    def as_json(self) -> dict[str, Any]:
        return {"format": 1, "removed": list(self.removed), "freed_bytes": self.freed_bytes, "free_bytes": self.free_bytes}

    def as_text(self) -> str:
        names = ", ".join(self.removed) or "nothing"
        return f"removed {names}; {self.freed_bytes / 2**30:.2f} GiB freed, {self.free_bytes / 2**30:.1f} GiB free now"


def clean(workspace: Workspace, *, results: bool, uv_cache: bool) -> Freed:
    """Remove venvs, companions, toolchains, locks and work folders; results, and unused files of uv's cache, only on request.

    Raises:
        MachineError: a run is using the environments.
    """
    if busy(workspace.venvs):
        raise MachineError(
            "a run is using these environments", location=str(workspace.venvs), hint="wait for it or end it, then clean"
        )
    # Measured on the disk, since adding up the sizes of files would count hard links into uv's cache as freed.
    before = free_bytes(workspace.root)
    removed = [folder for folder in _folders(workspace, results=results) if folder.exists()]
    for folder in removed:
        shutil.rmtree(folder, ignore_errors=True)
    names = [_name(workspace, folder) for folder in removed]
    if uv_cache:
        asyncio.run(uv.call(uv.find_uv(), ["cache", "prune", "--ci", "--quiet"], timeout=PRUNE_SECONDS))
        names.append("what uv can download again")
    after = free_bytes(workspace.root)
    # Others write to the disk meanwhile: less may be free than before.
    return Freed(removed=tuple(names), freed_bytes=max(0, after - before), free_bytes=after)


def _folders(workspace: Workspace, *, results: bool) -> tuple[Path, ...]:
    """Return what goes: all of the state and the reports, or the state without its results, those of `hubmatrix sizes` included."""
    if results:
        return workspace.state, workspace.root / workspace.reports
    children = sorted(workspace.state.iterdir()) if workspace.state.is_dir() else ()
    return tuple(child for child in children if child not in (workspace.all_results, workspace.sizes))


def _name(workspace: Workspace, folder: Path) -> str:
    return str(folder.relative_to(workspace.root))
