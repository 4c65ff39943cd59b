"""Find the versions in which no case could run at all, each with its one reason. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from harness.domain import Status, Trouble
from harness.judge.outcomes import CaseVerdict
from harness.report.document import Blocked, CaseView, CellView, Installation, installed
from harness.report.grid import ascending, runs
from harness.report.text import first_line


def blocked(cells: Sequence[CellView], cases: Sequence[CaseView]) -> tuple[Blocked, ...]:
    """Return the versions in which no case could run: one value for each reason in each section, oldest version first."""
    sections: defaultdict[Installation, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, cell in enumerate(cells):
        # A cell for hardware that this machine lacks says nothing about the version: its other cells decide.
        if cell.trouble is Trouble.DEVICE:
            continue
        sections[installed(cell.axes)][cell.axes.tensorflow].append(index)
    return tuple(reason for way, by_version in sections.items() for reason in _section(way, by_version, cells, cases))


def _section(
    way: Installation,
    by_version: Mapping[str, Sequence[int]],
    cells: Sequence[CellView],
    cases: Sequence[CaseView],
) -> Iterator[Blocked]:
    reasons: defaultdict[tuple[Status, str], list[str]] = defaultdict(list)
    versions = ascending(by_version)
    for version in versions:
        of_version = [cells[index] for index in by_version[version]]
        status = of_version[0].status
        if status is not None and all(_idle(cell, cases) for cell in of_version):
            reasons[status, first_line(of_version[0].message)].append(version)
    whole = sum(map(len, reasons.values())) == len(versions)
    for (status, message), chosen in reasons.items():
        yield Blocked(
            **way.as_arguments(),
            status=status,
            message=message,
            spans=runs(frozenset(chosen), versions),
            whole=whole,
            example=by_version[chosen[-1]][0],
        )


def _idle(cell: CellView, cases: Sequence[CaseView]) -> bool:
    """Return True if the cell ended before any of its cases began."""
    ended = cell.status is not None and cell.status is not Status.COMPLETED
    return ended and all(cases[index].verdict is CaseVerdict.NOT_RUN for index in cell.cases)
