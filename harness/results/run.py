"""One run, whole, wherever it was read from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord, Footer, Header


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution: its header, and the facts that it refers to. `footer` is None where the run was cut off."""

    header: Header
    environments: tuple[EnvironmentRecord, ...]
    cases: tuple[CaseRecord, ...]
    cells: tuple[CellRecord, ...]
    footer: Footer | None


def first_opinions(run: Run) -> Run:
    """Return a run with what the matrix plans: without the environments made for second opinions and their cells.

    Cases stay: they are found by their keys, and an environment of the matrix may have the same ones.
    """
    seconds = {record.id for record in run.environments if record.second_opinion_on is not None}
    environments = tuple(record for record in run.environments if record.id not in seconds)
    return replace(run, environments=environments, cells=tuple(record for record in run.cells if record.environment not in seconds))
