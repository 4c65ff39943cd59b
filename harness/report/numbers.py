"""What cases measured, by TensorFlow version: one row for each number of a case on a model, under one way to install. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from harness.domain import Axis
from harness.report.document import CaseView, CellView, Installation, NumberRow, Numbers, installed
from harness.report.figures import is_figure
from harness.report.ways import folder

APART = 10.0
ENOUGH = 3

Values: TypeAlias = dict[str, tuple[float, int]]
"""The number of largest magnitude at each TensorFlow, and the cell that it is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _RowKey:
    """What a row is about. An axis that the case doesn't use is empty."""

    number: str
    case: str
    variant: str
    model: str
    format: str
    device: str
    installed: Installation


def numbers(
    cells: Sequence[CellView], cases: Sequence[CaseView], versions: Sequence[str], uses: Mapping[str, frozenset[Axis]]
) -> tuple[Numbers, ...]:
    """Each number by its name, the rows with the largest values first."""
    found: defaultdict[_RowKey, Values] = defaultdict(dict)
    for place, cell in enumerate(cells):
        for one in cell.cases:
            for measurement in cases[one].measured:
                if is_figure(measurement.name, cell.axes.device):
                    continue
                values = found[_name(measurement.name, cases[one], cell, uses.get(cases[one].case, frozenset()))]
                before = values.get(cell.axes.tensorflow)
                if before is None or abs(measurement.value) > abs(before[0]):
                    values[cell.axes.tensorflow] = measurement.value, place
    titles = {case.case: case.title for case in cases}
    rows = [(name.number, _row(name, titles[name.case], values, versions)) for name, values in found.items()]
    rows.sort(key=lambda row: -max(abs(value) for value in row[1].values if value is not None))
    return tuple(
        Numbers(name=number, rows=tuple(row for of, row in rows if of == number)) for number in sorted({of for of, _ in rows})
    )


def _name(number: str, case: CaseView, cell: CellView, uses: frozenset[Axis]) -> _RowKey:
    return _RowKey(
        number=number,
        case=case.case,
        variant=case.variant,
        model=cell.axes.model if Axis.MODEL in uses else "",
        format=cell.axes.format.value if Axis.FORMAT in uses else "",
        device=cell.axes.device.value if Axis.DEVICE in uses else "",
        installed=installed(cell.axes),
    )


def _row(name: _RowKey, title: str, values: Values, versions: Sequence[str]) -> NumberRow:
    usual = median(abs(value) for value, _ in values.values())
    shown = tuple(values[version][0] if version in values else None for version in versions)
    return NumberRow(
        case=name.case,
        title=title,
        variant=name.variant,
        folder=folder(name.case),
        model=name.model,
        format=name.format,
        device=name.device,
        **name.installed.as_arguments(),
        values=shown,
        apart=tuple(value is not None and len(values) >= ENOUGH and abs(value) > APART * usual for value in shown),
        cells=tuple(values[version][1] if version in values else None for version in versions),
    )
