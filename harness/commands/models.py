"""The replicas as `hubmatrix models` shows them: what is shipped, and what rebuilding each by its exporter found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.base.workspace import Workspace
from harness.environments import uv as uv_tool
from harness.models import replicas
from harness.models.manifest import Manifest
from harness.models.rebuild import Report, rebuild
from harness.run.machine import machine_interpreters

HEADINGS = ("model", "handle", "format", "interface", "KiB", "as of", "exporter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A shipped replica; `report` is None where it was not rebuilt."""

    manifest: Manifest
    archive_bytes: int
    report: Report | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """One row a replica."""

    rows: tuple[Shown, ...]

    @property
    def verified(self) -> bool:
        """Whether no rebuild found the shipped replica to be something else."""
        return not any(row.report and row.report.differences and not row.report.written for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """Format 2: every replica with its exporter; `rebuilt` is null where it was not. Format 1 had the rebuilds alone."""
        return {"format": 2, "verified": self.verified, "models": [_facts(row) for row in self.rows]}

    def as_text(self) -> str:
        return "\n".join([*_table(self.rows), *_approximations(self.rows), *_rebuilds(self.rows)])


def listed(names: Sequence[str]) -> Models:
    """The named replicas, or all, verified against their digests. ModelError for a name without a replica."""
    found = [replicas.find(name) for name in names] if names else replicas.every()
    return Models(rows=tuple(_shown(one, None) for one in found))


def rebuild_all(place: Workspace, names: Sequence[str], *, write: bool, tell: Callable[[str], None]) -> Models:
    """Rebuild the named models, or all; `tell` hears of each before it begins, for it takes a minute."""
    uv = uv_tool.find_uv()
    found = asyncio.run(machine_interpreters())

    def python_for(minor: str) -> Path | None:
        return found[minor].path if minor in found else None

    rows = []
    for name in names or [replica.manifest.id for replica in replicas.every()]:
        tell(f"{name}: exporting in the environment of its publisher")
        report = rebuild(name, place.work, uv=uv, python_for=python_for, write=write)
        rows.append(_shown(replicas.find(name), report))
    return Models(rows=tuple(rows))


def _shown(replica: replicas.Replica, report: Report | None) -> Shown:
    return Shown(manifest=replica.manifest, archive_bytes=replica.archive.stat().st_size, report=report)


def _facts(row: Shown) -> dict[str, Any]:
    said = row.manifest.model_dump(
        mode="json", include={"handle", "interface", "exporter", "encoder", "approximation", "tolerance"}
    )
    report = row.report
    rebuilt = report and {"differences": list(report.differences), "identical": report.identical, "written": report.written}
    facts = {"model": row.manifest.id, "format": row.manifest.hub_format.value, "archive_bytes": row.archive_bytes}
    return {**facts, **said, "rebuilt": rebuilt}


def _table(rows: Sequence[Shown]) -> Iterator[str]:
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        yield "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()


def _cells(row: Shown) -> tuple[str, ...]:
    said = row.manifest
    exporter = f"Python {said.exporter.python}, {' '.join(said.exporter.requirements)}"
    kind = (said.hub_format.value, said.interface.value, f"{row.archive_bytes / 1024:.0f}")
    return (said.id, said.handle, *kind, said.exporter.exclude_newer.isoformat(), exporter)


def _approximations(rows: Sequence[Shown]) -> Iterator[str]:
    for row in rows:
        if row.manifest.approximation:
            yield f"{row.manifest.id} is an approximation: {row.manifest.approximation}"


def _rebuilds(rows: Sequence[Shown]) -> Iterator[str]:
    for row in rows:
        if row.report is None:
            continue
        if row.report.written:
            yield f"{row.manifest.id}: written"
        elif row.report.differences:
            yield f"{row.manifest.id}: differs from the committed replica"
            yield from (f"    {line}" for line in row.report.differences)
        else:
            yield f"{row.manifest.id}: verified, {'identical to the byte' if row.report.identical else 'equal in content'}"
