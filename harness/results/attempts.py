"""Tell the attempt that counts from the others, where a run has several of one environment, cell or case. Pure.

A run measures everything once. Runs that were put together may have measured the same twice; then every attempt is kept, the newest
counts, and trouble of a machine never counts beside a measurement. The order in which the facts come decides nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

from harness.domain import Status
from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord

ANamed = TypeVar("ANamed", EnvironmentRecord, CellRecord)


def split_named(records: Sequence[ANamed]) -> tuple[tuple[ANamed, ...], tuple[ANamed, ...]]:
    """Return the environments or cells that count, one for each id, and the other attempts."""
    by_id: defaultdict[str, list[int]] = defaultdict(list)
    for position, record in enumerate(records):
        by_id[record.id].append(position)
    if len(by_id) == len(records):
        return tuple(records), ()
    counting = {max(positions, key=lambda position: _rank(records[position])) for positions in by_id.values()}
    return _divide(records, counting)


def split_cases(records: Sequence[CaseRecord]) -> tuple[tuple[CaseRecord, ...], tuple[CaseRecord, ...]]:
    """Return the cases of the measurement that counts, one for each key with all of its variants, and those of the others."""
    runs: dict[str, str] = {}
    again = {record.key for record in records if runs.setdefault(record.key, record.run) != record.run}
    if not again:
        return tuple(records), ()
    measured: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for record in records:
        if record.key in again:
            moments = measured[record.key]
            moments[record.run] = max(record.recorded, moments.get(record.run, ""))
    newest = {key: max(moments, key=lambda run: (moments[run], run)) for key, moments in measured.items()}
    counting = {position for position, record in enumerate(records) if newest.get(record.key, record.run) == record.run}
    return _divide(records, counting)


def _rank(record: EnvironmentRecord | CellRecord) -> tuple[bool, str, str]:
    return record.status is not Status.UNAVAILABLE, record.recorded, record.model_dump_json()


ARecord = TypeVar("ARecord")


def _divide(records: Iterable[ARecord], counting: set[int]) -> tuple[tuple[ARecord, ...], tuple[ARecord, ...]]:
    chosen: list[ARecord] = []
    remaining: list[ARecord] = []
    for position, record in enumerate(records):
        (chosen if position in counting else remaining).append(record)
    return tuple(chosen), tuple(remaining)
