"""Tabulate the numbers that cases recorded: a row for each number of a case on a model, under one way to install. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from harness.domain import Axis
from harness.report.document import CaseView, CellView, Installation, NumberRow, Numbers, installed
from harness.report.figures import is_figure
from harness.report.ways import case_folder

APART = 10.0
# With fewer versions there is nothing usual to stand apart from.
ENOUGH = 3

Values: TypeAlias = dict[str, tuple[float, int]]
"""By TensorFlow version: the number of largest magnitude, and the index of its cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _RowKey:
    """The identity of a row. An axis that the case doesn't use is empty."""

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
    """Return the tables of numbers, by name; in a table the rows with the largest values come first.

    `uses` has the axes that a case asks for, by its id.
    """
    values_by_row: defaultdict[_RowKey, Values] = defaultdict(dict)
    for cell_index, cell in enumerate(cells):
        for case in (cases[case_index] for case_index in cell.cases):
            for measurement in case.measured:
                if is_figure(measurement.name, cell.axes.device):
                    continue
                values = values_by_row[_row_key(measurement.name, case, cell, uses.get(case.case, frozenset()))]
                before = values.get(cell.axes.tensorflow)
                # Cells that share a row may differ, by a pinned Python for example: the row shows the largest.
                if before is None or abs(measurement.value) > abs(before[0]):
                    values[cell.axes.tensorflow] = measurement.value, cell_index
    titles = {case.case: case.title for case in cases}
    rows = [(key.number, _row(key, titles[key.case], values, versions)) for key, values in values_by_row.items()]
    rows.sort(key=lambda row: -max(abs(value) for value in row[1].values if value is not None))
    return tuple(
        Numbers(name=name, rows=tuple(row for number, row in rows if number == name))
        for name in sorted({number for number, _ in rows})
    )


def _row_key(number: str, case: CaseView, cell: CellView, uses: frozenset[Axis]) -> _RowKey:
    return _RowKey(
        number=number,
        case=case.case,
        variant=case.variant,
        model=cell.axes.model if Axis.MODEL in uses else "",
        format=cell.axes.format.value if Axis.FORMAT in uses else "",
        device=cell.axes.device.value if Axis.DEVICE in uses else "",
        installed=installed(cell.axes),
    )


def _row(key: _RowKey, title: str, values: Values, versions: Sequence[str]) -> NumberRow:
    usual = median(abs(value) for value, _ in values.values())
    numbers_shown = tuple(values[version][0] if version in values else None for version in versions)
    return NumberRow(
        case=key.case,
        title=title,
        variant=key.variant,
        folder=case_folder(key.case),
        model=key.model,
        format=key.format,
        device=key.device,
        **key.installed.as_arguments(),
        values=numbers_shown,
        apart=tuple(value is not None and len(values) >= ENOUGH and abs(value) > APART * usual for value in numbers_shown),
        cells=tuple(values[version][1] if version in values else None for version in versions),
    )
