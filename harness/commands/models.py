"""`hubmatrix models`: the replicas that are shipped, and how each compares with a new export by its exporter."""

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
class ReplicaRow:
    """A shipped replica. `report` is None if it was not rebuilt."""

    manifest: Manifest
    archive_bytes: int
    report: Report | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaTable:
    """The output of `hubmatrix models`: a row for each replica."""

    rows: tuple[ReplicaRow, ...]

    @property
    def verified(self) -> bool:
        """True if every rebuild confirmed the shipped replica or replaced it."""
        return not any(row.report and row.report.differences and not row.report.written for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """Return format 2: every replica with its exporter; `rebuilt` is null if it was not rebuilt.

        Format history:
          1  first version; only the rebuilds
          2  every replica
        """
        return {"format": 2, "verified": self.verified, "models": [_facts(row) for row in self.rows]}

    def as_text(self) -> str:
        return "\n".join([*_table(self.rows), *_approximations(self.rows), *_rebuilds(self.rows)])


def list_replicas(names: Sequence[str]) -> ReplicaTable:
    """Verify the named replicas, or all, against their digests. Raises ModelError for an unknown name or a wrong digest."""
    selected = [replicas.find_replica(name) for name in names] if names else replicas.every()
    return ReplicaTable(rows=tuple(_row(replica, None) for replica in selected))


def rebuild_replicas(workspace: Workspace, names: Sequence[str], *, write: bool, tell: Callable[[str], None]) -> ReplicaTable:
    """Rebuild the named replicas, or all. `tell` gets a line before each, since an export takes about a minute.

    Raises:
        ModelError: an unknown name, or an exporter that fails.
        MachineError: an exporter's environment can't be built on this machine.
    """
    uv = uv_tool.find_uv()
    interpreters = asyncio.run(machine_interpreters())

    def python_for(minor: str) -> Path | None:
        return interpreters[minor].path if minor in interpreters else None

    rows = []
    for name in names or [replica.manifest.id for replica in replicas.every()]:
        tell(f"{name}: exporting in the environment of its publisher")
        report = rebuild(name, workspace.work, uv=uv, python_for=python_for, write=write)
        rows.append(_row(replicas.find_replica(name), report))
    return ReplicaTable(rows=tuple(rows))


def _row(replica: replicas.Replica, report: Report | None) -> ReplicaRow:
    return ReplicaRow(manifest=replica.manifest, archive_bytes=replica.archive.stat().st_size, report=report)


def _facts(row: ReplicaRow) -> dict[str, Any]:
    manifest_facts = row.manifest.model_dump(
        mode="json", include={"handle", "interface", "exporter", "encoder", "approximation", "tolerance"}
    )
    report = row.report
    rebuilt = report and {"differences": list(report.differences), "identical": report.identical, "written": report.written}
    facts = {"model": row.manifest.id, "format": row.manifest.hub_format.value, "archive_bytes": row.archive_bytes}
    return {**facts, **manifest_facts, "rebuilt": rebuilt}


def _table(rows: Sequence[ReplicaRow]) -> Iterator[str]:
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        yield "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()


def _cells(row: ReplicaRow) -> tuple[str, ...]:
    manifest = row.manifest
    exporter = f"Python {manifest.exporter.python}, {' '.join(manifest.exporter.requirements)}"
    kind = (manifest.hub_format.value, manifest.interface.value, f"{row.archive_bytes / 1024:.0f}")
    return (manifest.id, manifest.handle, *kind, manifest.exporter.exclude_newer.isoformat(), exporter)


def _approximations(rows: Sequence[ReplicaRow]) -> Iterator[str]:
    for row in rows:
        if row.manifest.approximation:
            yield f"{row.manifest.id} is an approximation: {row.manifest.approximation}"


def _rebuilds(rows: Sequence[ReplicaRow]) -> Iterator[str]:
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
