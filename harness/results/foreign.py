"""Hold the facts of a file against the plan that they should be of: what is none of the plan is named, and refused. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from harness.domain import Case, Cell, EnvironmentRequest, Installation, Plan, installation, model_of
from harness.matrix.request import requirements
from harness.matrix.second import second_cell, second_opinion
from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord
from harness.results.run import Run

ID = re.compile(r"[a-z0-9_.-]{1,300}", re.ASCII)
SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class PlannedFacts:
    """The facts that a file may have: of the plan's environments and cells, with their cases, and of their second opinions."""

    plan: Plan
    cases: Sequence[Case]
    _ids: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def environments(self) -> Mapping[str, EnvironmentRequest]:
        """Every environment, by its id."""
        requests = dict(self.plan.environments)
        for request in self.plan.environments.values():
            seconds = (second_opinion(request, minor) for minor in request.release.pythons)
            requests |= {second.id: second for second in seconds if second and second.id not in self.plan.environments}
        return requests

    @cached_property
    def cells(self) -> Mapping[str, Cell]:
        """Every cell, by its id."""
        cells = {cell.id: cell for cell in self.plan.cells}
        by_environment: dict[str, list[Cell]] = {}
        for cell in self.plan.cells:
            by_environment.setdefault(cell.environment, []).append(cell)
        for request in self.environments.values():
            if request.second_opinion_on:
                again = (second_cell(cell, request) for cell in by_environment.get(request.second_opinion_on, ()))
                cells |= {cell.id: cell for cell in again}
        return cells

    @cached_property
    def case_ids(self) -> frozenset[str]:
        """The ids of all cases."""
        return frozenset(case.id for case in self.cases)

    def cases_of(self, cell: Cell) -> tuple[str, ...]:
        """Return the ids of the cases that bear on a cell, in their order."""
        kind = cell.axes.model, cell.axes.device.value
        if kind not in self._ids:
            model = model_of(cell, self.plan.models)
            self._ids[kind] = tuple(case.id for case in self.cases if case.bears_on(model, cell.axes.device))
        return self._ids[kind]


def foreign_facts(run: Run, planned_facts: PlannedFacts) -> Iterator[str]:
    """Yield what is in a run and none of the plan, a sentence each."""
    attempts = run.attempts
    environments = (*run.environments, *(fact for fact in attempts if isinstance(fact, EnvironmentRecord)))
    cells = (*run.cells, *(fact for fact in attempts if isinstance(fact, CellRecord)))
    cases = (*run.cases, *(fact for fact in attempts if isinstance(fact, CaseRecord)))
    yield from _environments(environments, planned_facts)
    yield from _cells(cells, planned_facts)
    yield from _cases(cases, cells, planned_facts)


def _environments(records: Iterable[EnvironmentRecord], planned_facts: PlannedFacts) -> Iterator[str]:
    for record in records:
        request = planned_facts.environments.get(record.id)
        if request is None:
            yield f"environment {record.id!r} is none of the plan"
        elif (
            record.tensorflow != request.release.version
            or installation(request) != Installation(install=record.install, keras=record.keras, text=record.text)
            or record.requirements != requirements(request)
            or record.second_opinion_on != request.second_opinion_on
        ):
            yield f"environment {record.id!r} was asked for otherwise in the plan"
        elif not (record.key is None or SHA256.fullmatch(record.key)):
            yield f"environment {record.id!r} has a key that is none"


def _cells(records: Iterable[CellRecord], planned_facts: PlannedFacts) -> Iterator[str]:
    for record in records:
        cell = planned_facts.cells.get(record.id)
        if cell is None:
            yield f"cell {record.id!r} is none of the plan"
            continue
        if (record.axes, record.environment) != (cell.axes, cell.environment):
            yield f"cell {record.id!r} has other axes in the plan"
        names = tuple(ref.case for ref in record.cases)
        planned = planned_facts.cases_of(cell)
        # A second opinion is about some of the cases only.
        if names != planned and not (planned_facts.environments[cell.environment].second_opinion_on and set(names) <= set(planned)):
            yield f"cell {record.id!r} has other cases in the plan"
        if not all(ref.key is None or SHA256.fullmatch(ref.key) for ref in record.cases):
            yield f"cell {record.id!r} refers to a key that is none"


def _cases(records: Iterable[CaseRecord], cells: Iterable[CellRecord], planned_facts: PlannedFacts) -> Iterator[str]:
    references = {(ref.case, ref.key) for refs in {cell.cases for cell in cells} for ref in refs}
    for record in records:
        if record.case not in planned_facts.case_ids:
            yield f"case {record.case!r} is none of the plan"
        # A reused record names the cell of another plan that measured it; one without a reference is of a cell that was cut off.
        elif (record.case, record.key) not in references and record.cell not in planned_facts.cells:
            yield f"no cell of the plan has what {record.cell!r} measured of {record.case!r}"
        elif not (ID.fullmatch(record.cell) and ID.fullmatch(record.environment)):
            yield f"a cell or environment that measured {record.case!r} has an id that is none"
