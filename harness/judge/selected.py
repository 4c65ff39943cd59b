"""Select the cells of a run, and of each the cases, that a selector matches. Pure.

A condition on a case (`outcome=failed`) selects that case and its cell, not the other cases of the cell. A cell without cases is
tested by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from harness.judge import facts
from harness.judge.outcomes import CaseVerdict, Judgements, judge_case, record_id
from harness.matrix.selector import Interfaces, Selector, Vocabulary
from harness.results.format import CaseRecord, CellRecord
from harness.results.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedCell:
    """A selected cell and its selected cases: their ids and records, None for a case that was not run."""

    cell: CellRecord
    cases: tuple[tuple[str, CaseRecord | None], ...]


def select_cells(
    run: Run, selector: Selector, interfaces: Interfaces, tasks: Mapping[str, str], judgements: Judgements
) -> tuple[SelectedCell, ...]:
    """Return the selected cells, in the order of the run.

    Args:
        run: the run.
        selector: compiled for Context.RESULT.
        interfaces: the interface of each model, by its id.
        tasks: the task of each case that is a way to do one, by case id.
        judgements: the verdict on each case record; one without a judgement declares nothing.
    """
    records: defaultdict[str, list[CaseRecord]] = defaultdict(list)
    for record in run.cases:
        records[record.key].append(record)
    environments = {record.id: facts.of_environment(record) for record in run.environments}
    chosen = []
    # Conditions about the cell alone are tested once for it: most are such, and a cell has a hundred cases.
    about_cells, about_cases = selector.split([name for name in selector.names if _is_of_a_case(name)])
    for cell in run.cells:
        of_cell = facts.of_cell(cell, environments.get(cell.environment), interfaces)
        if not about_cells(of_cell):
            continue
        cases = [(ref.case, record) for ref in cell.cases for record in (records.get(ref.key or "") or (None,))]
        means = tuple(
            (case, record)
            for case, record in cases
            if not about_cases.conjuncts
            or about_cases(facts.of_case(of_cell, case, record, _verdict(record, judgements), tasks.get(case)))
        )
        if means or (not cases and about_cases(of_cell)):
            chosen.append(SelectedCell(cell=cell, cases=means))
    return tuple(chosen)


def vocabulary(run: Run, planned: Vocabulary) -> Vocabulary:
    """Return the values that a selector for a run may name: those of the matrix, and those that the run has.

    Names with a closed list, and versions of packages, are not here: any of their values may be asked for.
    """
    axes = [cell.axes for cell in run.cells]
    values = {
        "tensorflow": [*planned.get("tensorflow", ()), *(of_cell.tensorflow for of_cell in axes)],
        "model": [*planned.get("model", ()), *(of_cell.model for of_cell in axes if of_cell.model)],
        "environment": [record.environment for record in run.cells],
        "cell": [record.id for record in run.cells],
        "case": [ref.case for record in run.cells for ref in record.cases],
        "variant": [record.variant for record in run.cases if record.variant],
        "signature": [record.failure.signature for record in run.cases if record.failure],
        "verdict": [verdict.value for verdict in CaseVerdict],
    }
    return {name: tuple(dict.fromkeys(listed)) for name, listed in values.items()}


def _is_of_a_case(name: str) -> bool:
    """Return True if the cases of a cell may differ in this fact; in packages they differ by their companions."""
    return name in facts.OF_A_CASE or name.startswith("package(")


def _verdict(record: CaseRecord | None, judgements: Judgements) -> CaseVerdict:
    if record is None:
        return CaseVerdict.NOT_RUN
    judgement = judgements.get(record_id(record))
    return judgement.verdict if judgement else judge_case(record.outcome, record.failure, None)
