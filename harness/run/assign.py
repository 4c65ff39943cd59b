"""Assign cases to cells: a case runs once for each combination of the axes it uses, in the first cell that needs it.

Pure. The other cells that need it refer to the same key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TypeVar

from harness.domain import Axis, Case, Cell, Device, HubFormat, Interface, Model, Status, Trouble, model_of
from harness.results.format import CaseRef
from harness.run.keys import uses_of
from harness.run.tasks import KeyedCase

AValue = TypeVar("AValue")
KeyOf = Callable[[Case, Mapping[str, str], Model | None], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEnd:
    """The status that a cell ended with. `completed` means that every case has an outcome."""

    status: Status
    trouble: Trouble | None = None
    message: str = ""
    evidence: str = ""


COMPLETED = CellEnd(status=Status.COMPLETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellJob:
    """A cell, every case that bears on it, and those that its own process has to run (none if other cells or runs have them all).

    `model` is None for a cell without one.
    """

    cell: Cell
    model: Model | None
    refs: tuple[CaseRef, ...]
    cases: tuple[KeyedCase, ...]

    def idle(self, ends: Mapping[str, CellEnd]) -> bool:
        """Return True if nothing is left to run: every case was measured, or its process ended outside any case before."""
        return all(keyed.key in ends for keyed in self.cases)

    def end(self, ends: Mapping[str, CellEnd]) -> CellEnd:
        """Return how the cell ends, given how the processes of its cases ended: completed unless one of them did not."""
        # Of all cases, not only those that ran here: where another cell's process died outside any case, this cell lacks an
        # outcome too.
        own = (ends.get(ref.key or "", COMPLETED) for ref in self.refs)
        return next((end for end in own if end.status is not Status.COMPLETED), COMPLETED)


def assign(
    cells: Iterable[Cell], cases: Iterable[Case] | Bearing, models: Mapping[str, Model], key_of: KeyOf
) -> tuple[CellJob, ...]:
    """Return one job a cell, in the order of the cells."""
    # The full tier has a million pairs of cell and case and a seventh of that in keys (8,896 cells, 1,071,252 references, 141,848
    # keys), so what several cells share is decided, hashed and built once, and their references are the same objects.
    bearing = cases if isinstance(cases, Bearing) else Bearing(cases)
    of_kind: dict[tuple[str, Device], tuple[SameUses, ...]] = {}
    bundles: dict[tuple[tuple[Axis, ...], tuple[str | None, ...]], dict[str, CaseRef]] = {}
    assigned: set[str] = set()
    jobs = []
    for cell in cells:
        model, axes = model_of(cell, models), cell.axes
        kind = (axes.model, axes.device)
        if kind not in of_kind:
            of_kind[kind] = bearing.on(model, axes.device)
        refs: list[tuple[int, CaseRef]] = []
        own: list[tuple[int, KeyedCase]] = []
        for same in of_kind[kind]:
            values = tuple([axes.value(axis) for axis in same.axes])
            bundle = bundles.setdefault((same.axes, values), {})
            uses: Mapping[str, str] | None = None
            for position, case in same.cases:
                ref = bundle.get(case.id)
                if ref is None:
                    uses = uses_of(case, cell) if uses is None else uses
                    key = key_of(case, uses, model)
                    ref = bundle[case.id] = CaseRef(case=case.id, key=key)
                    if key not in assigned:
                        assigned.add(key)
                        own.append((position, KeyedCase(case=case, key=key, uses=uses)))
                refs.append((position, ref))
        jobs.append(CellJob(cell=cell, model=model, refs=_in_order(refs), cases=_in_order(own)))
    return tuple(jobs)


@dataclass(frozen=True, slots=True)
class SameUses:
    """Cases that use the same axes, each with its position among all cases."""

    axes: tuple[Axis, ...]
    cases: tuple[tuple[int, Case], ...]


class Bearing:
    """Finds the cases that bear on a model and device, once for all models of one format and interface."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._cases = tuple(cases)
        self._by_kind: dict[tuple[HubFormat | None, Interface | None, Device], tuple[SameUses, ...]] = {}

    def on(self, model: Model | None, device: Device) -> tuple[SameUses, ...]:
        """Return the cases that bear on a cell, by the axes that they use."""
        kind = (model.format if model else None, model.interface if model else None, device)
        if kind not in self._by_kind:
            by_axes: dict[tuple[Axis, ...], list[tuple[int, Case]]] = {}
            for position, case in enumerate(self._cases):
                if case.bears_on(model, device):
                    by_axes.setdefault(tuple(sorted(case.uses)), []).append((position, case))
            self._by_kind[kind] = tuple(SameUses(axes, tuple(listed)) for axes, listed in by_axes.items())
        return self._by_kind[kind]


def _in_order(pairs: list[tuple[int, AValue]]) -> tuple[AValue, ...]:
    return tuple([value for _, value in sorted(pairs, key=itemgetter(0))])


def without_known(jobs: Iterable[CellJob], keys: Collection[str]) -> tuple[CellJob, ...]:
    """Return the jobs without the cases under these keys, which are not run again."""
    if not keys:
        return tuple(jobs)
    return tuple(replace(job, cases=tuple(keyed for keyed in job.cases if keyed.key not in keys)) for job in jobs)


def without_cells(jobs: Iterable[CellJob], cells: Collection[str]) -> tuple[CellJob, ...]:
    """Return the jobs without those of these cells; a case that they were to run moves to the first other cell that needs it."""
    listed = tuple(jobs)
    orphans = {keyed.key: keyed for job in listed if job.cell.id in cells for keyed in job.cases}
    left = []
    for job in listed:
        if job.cell.id in cells:
            continue
        own = {keyed.key: keyed for keyed in job.cases}
        own |= {ref.key: orphans.pop(ref.key) for ref in job.refs if ref.key in orphans}
        left.append(replace(job, cases=tuple(own[ref.key] for ref in job.refs if ref.key in own)))
    return tuple(left)


def unkeyed(cells: Iterable[Cell], cases: Iterable[Case], models: Mapping[str, Model]) -> tuple[CellJob, ...]:
    """Return the jobs of cells without a lock: their cases have no key and don't run."""
    bearing = Bearing(cases)
    of_kind: dict[tuple[str, Device], tuple[CaseRef, ...]] = {}
    jobs = []
    for cell in cells:
        model, kind = model_of(cell, models), (cell.axes.model, cell.axes.device)
        if kind not in of_kind:
            on_kind = [pair for same in bearing.on(model, cell.axes.device) for pair in same.cases]
            of_kind[kind] = tuple([CaseRef(case=case.id, key=None) for case in _in_order(on_kind)])
        refs = of_kind[kind]
        jobs.append(CellJob(cell=cell, model=model, refs=refs, cases=()))
    return tuple(jobs)
