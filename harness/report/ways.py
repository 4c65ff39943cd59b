"""Which way works in which version: every case of a model as a line, with one mark for each TensorFlow version.

Pure. Each outcome of a case in a cell is in exactly one mark. A case that asks for the save format or the device is one line
for each group of them whose marks are the same everywhere: one line where all agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from harness.domain import Axis, Device, InstallPolicy, KerasChoice, SaveFormat, TextOps
from harness.report.document import CaseView, CellView, Installed, ModelWays, State, Way, WayMark, WayTrack, installed
from harness.report.grid import ascending
from harness.report.phrase import Scale, phrase, scale
from harness.report.state import SILENT, merged, reason, state_of
from harness.results.format import EnvironmentRecord

WORK = ("loading", "encoding", "finetuning", "saving")
_SPLIT = (Axis.FORMAT, Axis.DEVICE)
_VALUES: tuple[SaveFormat | Device, ...] = (*SaveFormat, *Device)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A case in a cell. `at` is where its mark stands: section, place of the version."""

    cell: int
    at: tuple[Installed, int]
    values: Mapping[Axis, SaveFormat | Device]
    pins: tuple[str | None, str | None]
    state: State


def ways(
    cells: Sequence[CellView],
    cases: Sequence[CaseView],
    environments: Mapping[str, EnvironmentRecord],
    uses: Mapping[str, frozenset[Axis]],
) -> tuple[ModelWays, ...]:
    """Every model with its ways. `uses` has the axes that a case asks for, by its id."""
    versions = ascending(cell.axes.tensorflow for cell in cells)
    shown = scale(versions)
    titles = {case.case: case.title for case in cases}
    found = []
    for model, of_model in sorted(_entries(cells, cases, environments, versions).items()):
        order = sorted(of_model, key=lambda case: _order(folder(case)))
        lines = tuple(
            way for case in order for way in _lines(case, titles[case], of_model[case], uses.get(case, frozenset()), shown)
        )
        found.append(ModelWays(model=model, ways=lines))
    return tuple(found)


def folder(case: str) -> str:
    """The folder of a case below `cases/`; empty where it has none."""
    parts = case.partition("::")[0].removeprefix("cases/").split("/")
    return parts[0] if len(parts) > 1 else ""


def _order(name: str) -> tuple[int, str]:
    return (WORK.index(name), "") if name in WORK else (len(WORK), name)


def _entries(
    cells: Sequence[CellView], cases: Sequence[CaseView], environments: Mapping[str, EnvironmentRecord], versions: Sequence[str]
) -> Mapping[str, Mapping[str, list[_Entry]]]:
    """By model and case, in the order of the cells. A planned cell without a record has every case of its model, not run."""
    column = {version: place for place, version in enumerate(versions)}
    found: defaultdict[str, defaultdict[str, list[_Entry]]] = defaultdict(lambda: defaultdict(list))
    for place in sorted(range(len(cells)), key=lambda place: cells[place].status is None):
        cell, axes = cells[place], cells[place].axes
        environment = environments.get(cell.environment)
        why = reason(cell, environment.status if environment else None)
        states: defaultdict[str, list[State]] = defaultdict(list, {case: [] for case in (() if cell.status else found[axes.model])})
        for one in cell.cases:
            states[cases[one].case].append(state_of(cases[one].outcome, why))
        for case, several in states.items():
            entry = _Entry(
                cell=place,
                at=(installed(axes), column[axes.tensorflow]),
                values={Axis.FORMAT: axes.format, Axis.DEVICE: axes.device},
                pins=(axes.python, axes.hub),
                state=merged(several),
            )
            found[axes.model][case].append(entry)
    return found


def _lines(case: str, title: str, entries: Sequence[_Entry], uses: frozenset[Axis], shown: Scale) -> Iterator[Way]:
    """One way, or one for each group of save formats, and in it of devices, whose marks are the same everywhere."""
    for formats, of_formats in _split(entries, Axis.FORMAT, uses):
        for devices, chosen in _split(of_formats, Axis.DEVICE, uses):
            yield Way(
                case=case,
                title=title,
                folder=folder(case),
                formats=tuple(one for one in SaveFormat if one in formats),
                devices=tuple(one for one in Device if one in devices),
                tracks=tuple(_tracks(chosen, shown)),
            )


def _split(
    entries: Sequence[_Entry], axis: Axis, uses: frozenset[Axis]
) -> tuple[tuple[frozenset[SaveFormat | Device], Sequence[_Entry]], ...]:
    """Groups of values whose outcomes agree, each with its entries; one without a name where all agree."""
    by_value: defaultdict[SaveFormat | Device, list[_Entry]] = defaultdict(list)
    for entry in entries:
        by_value[entry.values[axis]].append(entry)
    others = [one for one in _SPLIT if one is not axis]
    groups: defaultdict[frozenset[object], list[SaveFormat | Device]] = defaultdict(list)
    for value, own in by_value.items():
        outcomes = frozenset((one.at, one.pins, *(one.values[other] for other in others), one.state) for one in own)
        groups[outcomes].append(value)
    if axis not in uses or len(groups) == 1:
        return ((frozenset(), entries),)
    order = sorted(groups.values(), key=lambda values: min(map(_VALUES.index, values)))
    return tuple((frozenset(values), [one for value in values for one in by_value[value]]) for values in order)


def _tracks(entries: Sequence[_Entry], shown: Scale) -> Iterator[WayTrack]:
    """The line in each section that has it."""
    places: defaultdict[tuple[Installed, int], list[_Entry]] = defaultdict(list)
    for entry in entries:
        places[entry.at].append(entry)
    for install, keras, text in product(InstallPolicy, KerasChoice, TextOps):
        marks = tuple(_mark(places.get(((install, keras, text), column), ())) for column in range(len(shown.labels)))
        if any(marks):
            told = phrase([one.state if one else None for one in marks], shown)
            yield WayTrack(install=install, keras=keras, text=text, marks=marks, phrase=told)


def _mark(entries: Sequence[_Entry]) -> WayMark | None:
    """All cells of a line at one version. First come those that show its state, then those in which nothing ran."""
    if not entries:
        return None
    state = merged([entry.state for entry in entries])
    order = sorted(entries, key=lambda entry: (entry.state is not state, entry.state in SILENT, entry.cell))
    return WayMark(state=state, cells=tuple(entry.cell for entry in order))
