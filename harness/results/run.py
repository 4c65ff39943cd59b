"""One run, whole, wherever it was read from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from typing_extensions import assert_never

from harness.results import attempts
from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord, Footer, Header


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution: its header, and the facts that it refers to. `footer` is None where the run was cut off.

    Of what was measured twice, the attempt that counts is in `environments`, `cases` or `cells`; the others are in `attempts`.
    """

    header: Header
    environments: tuple[EnvironmentRecord, ...]
    cases: tuple[CaseRecord, ...]
    cells: tuple[CellRecord, ...]
    footer: Footer | None
    attempts: tuple[EnvironmentRecord | CaseRecord | CellRecord, ...] = ()


def run_of(header: Header, facts: Iterable[EnvironmentRecord | CaseRecord | CellRecord], footer: Footer | None) -> Run:
    """Return the run that has these facts, with those that count told from other attempts."""
    environments: list[EnvironmentRecord] = []
    cases: list[CaseRecord] = []
    cells: list[CellRecord] = []
    for fact in facts:
        match fact:
            case EnvironmentRecord():
                environments.append(fact)
            case CaseRecord():
                cases.append(fact)
            case CellRecord():
                cells.append(fact)
            case _:
                assert_never(fact)
    counting_environments, other_environments = attempts.split_named(environments)
    counting_cases, other_cases = attempts.split_cases(cases)
    counting_cells, other_cells = attempts.split_named(cells)
    return Run(
        header=header,
        environments=counting_environments,
        cases=counting_cases,
        cells=counting_cells,
        footer=footer,
        attempts=(*other_environments, *other_cases, *other_cells),
    )


def first_opinions(run: Run) -> Run:
    """Return a run with what the matrix plans: without the environments made for second opinions and their cells.

    Cases stay: they are found by their keys, and an environment of the matrix may have the same ones.
    """
    seconds = {record.id for record in run.environments if record.second_opinion_on is not None}
    environments = tuple(record for record in run.environments if record.id not in seconds)
    return replace(run, environments=environments, cells=tuple(record for record in run.cells if record.environment not in seconds))
