"""Versions in which no case could run at all, each with its one reason. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from harness.domain import Status, Trouble
from harness.judge.outcomes import CaseVerdict
from harness.report.document import Blocked, CaseView, CellView, Installation, installed
from harness.report.grid import ascending, runs
from harness.report.text import first_line


def blocked(cells: Sequence[CellView], cases: Sequence[CaseView]) -> tuple[Blocked, ...]:
    """One for each reason in each section, oldest version first. Hardware that this machine hasn't stands in nobody's way."""
    sections: defaultdict[Installation, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, cell in enumerate(cells):
        if cell.trouble is Trouble.DEVICE:
            continue
        sections[installed(cell.axes)][cell.axes.tensorflow].append(place)
    return tuple(one for way, places in sections.items() for one in _section(way, places, cells, cases))


def _section(
    way: Installation,
    places: Mapping[str, Sequence[int]],
    cells: Sequence[CellView],
    cases: Sequence[CaseView],
) -> Iterator[Blocked]:
    reasons: defaultdict[tuple[Status, str], list[str]] = defaultdict(list)
    versions = ascending(places)
    for version in versions:
        of_version = [cells[place] for place in places[version]]
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
            example=places[chosen[-1]][0],
        )


def _idle(cell: CellView, cases: Sequence[CaseView]) -> bool:
    """Something other than a case ended it before any case began."""
    ended = cell.status is not None and cell.status is not Status.COMPLETED
    return ended and all(cases[place].verdict is CaseVerdict.NOT_RUN for place in cell.cases)
