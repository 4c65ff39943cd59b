"""The pivot: TensorFlow versions down, (model, format, device) across, one section for each way to install.

Cells without a model come first: their outcome holds for every model.

Also owns the order of TensorFlow versions, which every part of the report shares.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
from packaging.version import InvalidVersion, Version

from harness.domain import Axes, Device, SaveFormat, installation, installations
from harness.report.document import Column, Section, SectionRow

_FORMATS = tuple(SaveFormat)
_DEVICES = tuple(Device)


def version_key(text: str) -> tuple[Version, str]:
    """Return a sort key that puts 2.9.3 before 2.10.1, and text that isn't a version before all versions."""
    try:
        return Version(text), text
    except InvalidVersion:
        return Version("0.dev0"), text


def ascending(versions: Iterable[str]) -> tuple[str, ...]:
    """Sort versions, oldest first, each once."""
    return tuple(sorted(set(versions), key=version_key))


def runs(chosen: frozenset[str], versions: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the chosen versions as (first, last) of each run of neighbours in `versions`."""
    ranges: list[tuple[str, str]] = []
    previous = False
    for version in versions:
        if version in chosen:
            ranges[-1:] = [(ranges[-1][0], version)] if previous else [*ranges[-1:], (version, version)]
        previous = version in chosen
    return tuple(ranges)


def arrange(axes: Sequence[Axes]) -> tuple[tuple[int, ...], tuple[Section, ...]]:
    """Return the order in which the sections show the cells, as indices into `axes`, and the sections.

    A section refers to a cell by its index in that order.

    Raises:
        ValueError: two cells have the same values on every axis.
    """
    if not axes:
        return (), ()
    # None, for a version that isn't pinned, comes before all pins. Sorts are stable: the newest TensorFlow comes first, but
    # the rows of one TensorFlow stay in the order of their pins.
    pins = sorted({_row(cell_axes) for cell_axes in axes}, key=lambda row: (version_key(row[1] or "0"), version_key(row[2] or "0")))
    rows = sorted(pins, key=lambda row: version_key(row[0]), reverse=True)
    columns = sorted({_column(cell_axes) for cell_axes in axes}, key=_column_key)
    ways_to_install = tuple(installations())
    row_numbers = {row: number for number, row in enumerate(rows)}
    column_numbers = {column: number for number, column in enumerate(columns)}
    installation_numbers = {way: number for number, way in enumerate(ways_to_install)}
    frame = pd.DataFrame(
        {
            "installation": [installation_numbers[installation(cell_axes)] for cell_axes in axes],
            "row": [row_numbers[_row(cell_axes)] for cell_axes in axes],
            "column": [column_numbers[_column(cell_axes)] for cell_axes in axes],
        }
    ).sort_values(["installation", "row", "column"])
    order = tuple(int(index) for index in frame.index)
    frame["cell"] = range(len(frame))
    sections = []
    for installation_number, part in frame.groupby("installation"):
        # A gap is NaN, which turns the cells' indices into floats. pivot raises if two cells fall together.
        pivot = part.pivot(index="row", columns="column", values="cell").fillna(-1).astype(int)
        body = zip(pivot.index, pivot.to_numpy().tolist(), strict=True)
        sections.append(
            Section(
                **ways_to_install[installation_number].as_arguments(),
                columns=tuple(columns[number] for number in pivot.columns),
                rows=tuple(_as_row(rows[number], cells) for number, cells in body),
            )
        )
    return order, tuple(sections)


def _row(axes: Axes) -> tuple[str, str | None, str | None]:
    return axes.tensorflow, axes.python, axes.hub


def _as_row(row: tuple[str, str | None, str | None], cells: Sequence[int]) -> SectionRow:
    tensorflow, python, hub = row
    return SectionRow(tensorflow=tensorflow, python=python, hub=hub, cells=tuple(cell if cell >= 0 else None for cell in cells))


def _column(axes: Axes) -> Column:
    return Column(model=axes.model, format=axes.format.value, device=axes.device.value)


def _column_key(column: Column) -> tuple[str, int, int]:
    return column.model, _FORMATS.index(SaveFormat(column.format)), _DEVICES.index(Device(column.device))
