"""Assign cases to cells: a case runs once for each combination of the axes it uses, in the first cell that needs it.

Pure. The other cells that need it refer to the same key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from harness.domain import Axis, Case, Cell, Device, Model, Status, Trouble, model_of
from harness.results.format import CaseRef
from harness.run.keys import uses_of
from harness.run.tasks import KeyedCase

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


def assign(cells: Iterable[Cell], cases: Iterable[Case], models: Mapping[str, Model], key_of: KeyOf) -> tuple[CellJob, ...]:
    """Return one job a cell, in the order of the cells."""
    # The full tier has a million pairs of cell and case and a seventh of that in keys (8,896 cells, 1,071,252 references, 141,848
    # keys), so what several cells share is hashed and built once, and their references are the same objects.
    with_axes = [(case, tuple(sorted(case.uses))) for case in cases]
    applicable: dict[tuple[str, Device], list[tuple[Case, tuple[Axis, ...]]]] = {}
    keyed_cases: dict[tuple[str, tuple[str | None, ...]], tuple[CaseRef, KeyedCase]] = {}
    assigned: set[str] = set()
    jobs = []
    for cell in cells:
        model, device = model_of(cell, models), cell.axes.device
        kind = (cell.axes.model, device)
        if kind not in applicable:
            applicable[kind] = [pair for pair in with_axes if pair[0].bears_on(model, device)]
        values = {axis: cell.axes.value(axis) for axis in Axis}
        refs, own = [], []
        for case, axes in applicable[kind]:
            combination = (case.id, tuple([values[axis] for axis in axes]))
            if combination not in keyed_cases:
                uses = uses_of(case, cell)
                key = key_of(case, uses, model)
                keyed_cases[combination] = CaseRef(case=case.id, key=key), KeyedCase(case=case, key=key, uses=uses)
            ref, keyed = keyed_cases[combination]
            refs.append(ref)
            if keyed.key not in assigned:
                assigned.add(keyed.key)
                own.append(keyed)
        jobs.append(CellJob(cell=cell, model=model, refs=tuple(refs), cases=tuple(own)))
    return tuple(jobs)


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
    listed = tuple(cases)
    jobs = []
    for cell in cells:
        model = model_of(cell, models)
        refs = tuple(CaseRef(case=case.id, key=None) for case in listed if case.bears_on(model, cell.axes.device))
        jobs.append(CellJob(cell=cell, model=model, refs=refs, cases=()))
    return tuple(jobs)
