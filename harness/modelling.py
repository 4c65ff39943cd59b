"""Rebuilding replicas: every model of the matrix through its exporter, verified against what is committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.environments import uv as uv_tool
from harness.hub import replicas
from harness.hub.rebuild import Report, rebuild
from harness.run.prepare import machine_interpreters
from harness.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """One report a model."""

    reports: tuple[Report, ...]

    @property
    def verified(self) -> bool:
        return not any(report.differences and not report.written for report in self.reports)

    def as_json(self) -> dict[str, Any]:
        reports = [
            {
                "model": one.model,
                "differences": list(one.differences),
                "identical": one.identical,
                "archive_bytes": one.archive_bytes,
                "written": one.written,
            }
            for one in self.reports
        ]
        return {"format": 1, "verified": self.verified, "models": reports}

    def as_text(self) -> str:
        return "\n".join(line for one in self.reports for line in _lines(one))


def rebuild_all(place: Workspace, names: Sequence[str], *, write: bool, tell: Callable[[str], None]) -> Rebuilt:
    """Rebuild the named models, or all; `tell` hears of each before it begins, for it takes a minute."""
    uv = uv_tool.find()
    found = asyncio.run(machine_interpreters())

    def python_for(minor: str) -> Path | None:
        return found[minor].path if minor in found else None

    reports = []
    for name in names or [replica.manifest.id for replica in replicas.every()]:
        tell(f"{name}: exporting in the environment of its publisher")
        reports.append(rebuild(name, place.work, uv=uv, python_for=python_for, write=write))
    return Rebuilt(reports=tuple(reports))


def _lines(one: Report) -> list[str]:
    size = f"{one.archive_bytes / 1024:.0f} KiB"
    if one.written:
        return [f"{one.model}: written, {size}"]
    if one.differences:
        return [f"{one.model}: differs from the committed replica", *(f"    {line}" for line in one.differences)]
    return [f"{one.model}: verified, {size}, {'identical to the byte' if one.identical else 'equal in content'}"]
