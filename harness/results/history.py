"""Find what earlier runs measured: the newest record under each key, whichever run holds it.

Reads the newest runs first and stops once every key has a record. A run that was cut off counts: its facts hold. Records that
speak of the machine (unavailable) are never reused.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.domain import Status
from harness.results.format import READABLE, CaseRecord, CellRecord, EnvironmentRecord

REUSABLE = {
    Status.COMPLETED.value,
    Status.INSTALL_FAILED.value,
    Status.IMPORT_FAILED.value,
    Status.CRASHED.value,
    Status.TIMED_OUT.value,
}


@dataclass(slots=True)
class History:
    """Records by key. `seconds` is how long each case took when last seen, by case id."""

    cases: dict[str, tuple[CaseRecord, ...]] = field(default_factory=dict)
    environments: dict[str, EnvironmentRecord] = field(default_factory=dict)
    cells: dict[str, CellRecord] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def look_up(files: Iterable[Path], *, cases: Collection[str], environments: Collection[str], cells: Collection[str]) -> History:
    """Return the newest reusable records of these keys."""
    history = History()
    for path in files:
        # Cells don't count: only one whose process died outside any case has a reusable record, and then some case lacks one.
        if len(history.cases) == len(cases) and len(history.environments) == len(environments):
            break
        _read(path, history, cases, environments, cells)
    return history


def _read(path: Path, history: History, cases: Collection[str], environments: Collection[str], cells: Collection[str]) -> None:
    records_by_key: dict[str, list[dict[str, Any]]] = {}
    ended: set[str] = set()
    for record in _records(path):
        match record.get("type"):
            case "case":
                history.seconds.setdefault(record["case"], record["seconds"])
                if record["key"] in cases and record["key"] not in history.cases:
                    records_by_key.setdefault(record["key"], []).append(record)
            case "environment" if record["key"] in environments and record["status"] in REUSABLE:
                history.environments.setdefault(record["key"], EnvironmentRecord.model_validate(record))
            case "cell":
                if record["status"] == Status.COMPLETED.value:
                    ended.add(record["id"])
                elif record["key"] in cells and record["status"] in REUSABLE:
                    history.cells.setdefault(record["key"], CellRecord.model_validate(record))
            case _:
                pass
    for key, records in records_by_key.items():
        # A run that was cut off within a cell may lack some variants of a case; only a completed cell is known to have them all.
        if all(not record["variant"] or record["reused"] or record["cell"] in ended for record in records):
            history.cases[key] = tuple(CaseRecord.model_validate(record) for record in records)


def _records(path: Path) -> Iterable[dict[str, Any]]:
    """Yield the lines that can be read; a file of another format and a torn line hold nothing to reuse."""
    try:
        lines = path.read_bytes().splitlines()
        if not lines or json.loads(lines[0])["format"] not in READABLE:
            return
    except (OSError, ValueError, LookupError, TypeError):
        return
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        yield record
