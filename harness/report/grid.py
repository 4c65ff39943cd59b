"""The pivot: TensorFlow versions down, (model, format, device) across, one section for each way to install.

Cells without a model come first: what they tell holds whatever the model.

Also the order of TensorFlow versions, which every part of the report shares.
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
    """Sorts 2.9.3 before 2.10.1, and what isn't a version before all that are."""
    try:
        return Version(text), text
    except InvalidVersion:
        return Version("0.dev0"), text


def ascending(versions: Iterable[str]) -> tuple[str, ...]:
    """Each version once, oldest first."""
    return tuple(sorted(set(versions), key=version_key))


def runs(chosen: frozenset[str], versions: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The chosen ones as (first, last) of neighbours in `versions`."""
    found: list[tuple[str, str]] = []
    previous = False
    for version in versions:
        if version in chosen:
            found[-1:] = [(found[-1][0], version)] if previous else [*found[-1:], (version, version)]
        previous = version in chosen
    return tuple(found)


def arrange(axes: Sequence[Axes]) -> tuple[tuple[int, ...], tuple[Section, ...]]:
    """The order in which the sections show the cells, and the sections, whose cells count in that order.

    Raises:
        ValueError: two cells have the same values on every axis.
    """
    if not axes:
        return (), ()
    pins = sorted({_row(one) for one in axes}, key=lambda row: (version_key(row[1] or "0"), version_key(row[2] or "0")))
    rows = sorted(pins, key=lambda row: version_key(row[0]), reverse=True)
    columns = sorted({_column(one) for one in axes}, key=_column_key)
    row_place = {row: place for place, row in enumerate(rows)}
    every_way = tuple(installations())
    way_place = {way: place for place, way in enumerate(every_way)}
    column_place = {column: place for place, column in enumerate(columns)}
    frame = pd.DataFrame(
        {
            "way": [way_place[installation(one)] for one in axes],
            "row": [row_place[_row(one)] for one in axes],
            "column": [column_place[_column(one)] for one in axes],
        }
    ).sort_values(["way", "row", "column"])
    order = tuple(int(place) for place in frame.index)
    frame["cell"] = range(len(frame))
    sections = []
    for place, part in frame.groupby("way"):
        pivot = part.pivot(index="row", columns="column", values="cell").fillna(-1).astype(int)
        body = zip(pivot.index, pivot.to_numpy().tolist(), strict=True)
        sections.append(
            Section(
                **every_way[place].as_arguments(),
                columns=tuple(columns[place] for place in pivot.columns),
                rows=tuple(_as_row(rows[place], cells) for place, cells in body),
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
