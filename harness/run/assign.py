"""Which cell runs which case: a case runs once for each combination of the axes it uses, in the first cell that needs it.

Pure. The other cells that need it refer to the same key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from harness.domain import Case, Cell, Model, Status, Trouble
from harness.results.format import CaseRef
from harness.run.keys import uses_of

KeyOf = Callable[[Case, Mapping[str, str], Model], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One case to run, under its key."""

    case: Case
    key: str
    uses: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEnd:
    """How the cell ended. `completed` means that every task has an outcome."""

    status: Status
    trouble: Trouble | None = None
    message: str = ""
    evidence: str = ""


COMPLETED = CellEnd(status=Status.COMPLETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellJob:
    """A cell, every case that bears on it, and those that its own process has to run (none: all is known elsewhere)."""

    cell: Cell
    model: Model
    refs: tuple[CaseRef, ...]
    tasks: tuple[Task, ...]

    def idle(self, ends: Mapping[str, CellEnd]) -> bool:
        """Nothing to run: every case is known, or its process is known to end outside any case."""
        return all(task.key in ends for task in self.tasks)

    def end(self, ends: Mapping[str, CellEnd]) -> CellEnd:
        """How the cell ends, given how the processes of its cases ended: completed unless one of them did not."""
        found = (ends.get(ref.key or "", COMPLETED) for ref in self.refs)
        return next((one for one in found if one.status is not Status.COMPLETED), COMPLETED)


def assign(
    cells: Iterable[Cell], cases: Iterable[Case], models: Mapping[str, Model], key_of: KeyOf, known: Collection[str]
) -> tuple[CellJob, ...]:
    """One job a cell, in the order of the cells. Cases whose key is in `known` are not run again."""
    listed = tuple(cases)
    taken = set(known)
    jobs = []
    for cell in cells:
        model = models[cell.axes.model]
        refs, tasks = [], []
        for case in listed:
            if not case.applies_to(model, cell.axes.device):
                continue
            uses = uses_of(case, cell)
            key = key_of(case, uses, model)
            refs.append(CaseRef(case=case.id, key=key))
            if key not in taken:
                taken.add(key)
                tasks.append(Task(case=case, key=key, uses=uses))
        jobs.append(CellJob(cell=cell, model=model, refs=tuple(refs), tasks=tuple(tasks)))
    return tuple(jobs)


def unkeyed(cells: Iterable[Cell], cases: Iterable[Case], models: Mapping[str, Model]) -> tuple[CellJob, ...]:
    """Jobs of cells without a lock: their cases have no key and don't run."""
    listed = tuple(cases)
    jobs = []
    for cell in cells:
        model = models[cell.axes.model]
        refs = tuple(CaseRef(case=case.id, key=None) for case in listed if case.applies_to(model, cell.axes.device))
        jobs.append(CellJob(cell=cell, model=model, refs=refs, tasks=()))
    return tuple(jobs)
