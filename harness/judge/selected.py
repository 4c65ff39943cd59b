"""Which cells of a run, and which of their cases, a selector means. Pure.

A condition on a case (`outcome=failed`) selects that case and its cell, not the other cases of the cell. A cell on which no case
bears is asked without one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from harness.judge import facts
from harness.judge.outcomes import CaseVerdict, Judgements, judge_case, record_id
from harness.matrix.selector import Interfaces, Selector, Vocabulary
from harness.results.format import CaseRecord, CellRecord
from harness.results.store import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """A cell that was selected, and those of its cases that were: the id, and the record, None where it was not run."""

    cell: CellRecord
    cases: tuple[tuple[str, CaseRecord | None], ...]


def select(
    run: Run, selector: Selector, interfaces: Interfaces, tasks: Mapping[str, str], judgements: Judgements
) -> tuple[Selected, ...]:
    """Return what the selector means, in the order of the run's cells.

    Args:
        run: a run as read.
        selector: compiled for Context.RESULT.
        interfaces: the interface of each model, where it is known.
        tasks: what a user comes for, by the case that is a way to do it.
        judgements: the verdict on each case record; one without a judgement declares nothing.
    """
    records: defaultdict[str, list[CaseRecord]] = defaultdict(list)
    for record in run.cases:
        records[record.key].append(record)
    environments = {record.id: facts.of_environment(record) for record in run.environments}
    chosen = []
    # What asks only about the cell is asked once for it: most conditions are such, and a cell has a hundred cases.
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
            chosen.append(Selected(cell=cell, cases=means))
    return tuple(chosen)


def vocabulary(run: Run, planned: Vocabulary) -> Vocabulary:
    """Return the values that a selector for a run may name: those of the matrix, and those that the run has.

    Names with a closed list, and versions of packages, are not here: whatever they can be, they may be asked for.
    """
    axes = [cell.axes for cell in run.cells]
    values = {
        "tensorflow": [*planned.get("tensorflow", ()), *(each.tensorflow for each in axes)],
        "model": [*planned.get("model", ()), *(each.model for each in axes if each.model)],
        "environment": [record.environment for record in run.cells],
        "cell": [record.id for record in run.cells],
        "case": [ref.case for record in run.cells for ref in record.cases],
        "variant": [record.variant for record in run.cases if record.variant],
        "signature": [record.failure.signature for record in run.cases if record.failure],
        "verdict": [verdict.value for verdict in CaseVerdict],
    }
    return {name: tuple(dict.fromkeys(listed)) for name, listed in values.items()}


def _is_of_a_case(name: str) -> bool:
    """Say whether the cases of a cell may differ in it; in packages by their companions."""
    return name in facts.OF_A_CASE or name.startswith("package(")


def _verdict(record: CaseRecord | None, judgements: Judgements) -> CaseVerdict:
    if record is None:
        return CaseVerdict.NOT_RUN
    judgement = judgements.get(record_id(record))
    return judgement.verdict if judgement else judge_case(record.outcome, record.failure, None)
