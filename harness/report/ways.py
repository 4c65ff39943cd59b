"""Which way works in which version: every case as a line, with one mark for each TensorFlow version.

Pure. A case is one line for each group of models whose marks are the same everywhere, and so for the save formats and devices of
those that ask for them: one line where all agree. Each outcome of a case in a cell is in exactly one mark; only hardware that this
machine hasn't gets no line beside what it has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.domain import Axis, Device, SaveFormat, installations
from harness.report.devices import Realm, realm
from harness.report.document import CaseView, CellView, Installation, State, WayMark, WayTrack, WayView, installed
from harness.report.grid import ascending
from harness.report.phrase import Scale, phrase, scale
from harness.report.state import SILENT, merged, reason, state_of
from harness.results.format import EnvironmentRecord

WORK = ("loading", "fetching", "preprocessing", "encoding", "building", "finetuning", "saving", "compiling", "distributing")
BAD = frozenset({State.FAILED, State.OTHERWISE, State.CRASHED, State.TIMED_OUT, State.UNEXPECTED, State.MIXED})
_ANY = frozenset(Axis)
_SPLIT = (Axis.FORMAT, Axis.DEVICE)
_VALUES: tuple[SaveFormat | Device, ...] = (*SaveFormat, *Device)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A case in a cell. `at` is where its mark stands: section, place of the version."""

    cell: int
    at: tuple[Installation, int]
    values: Mapping[Axis, SaveFormat | Device]
    pins: tuple[str | None, str | None]
    state: State


def ways(
    cells: Sequence[CellView],
    cases: Sequence[CaseView],
    environments: Mapping[str, EnvironmentRecord],
    uses: Mapping[str, frozenset[Axis]],
) -> tuple[WayView, ...]:
    """Every way, in the order of work by folder; in a folder, the cases that fail anywhere without being declared to come first.

    `uses` has the axes that a case asks for, by its id.
    """
    versions = ascending(cell.axes.tensorflow for cell in cells)
    shown = scale(versions)
    titles = {case.case: case.title for case in cases}
    by_case: defaultdict[str, list[WayView]] = defaultdict(list)
    for model, of_model in sorted(_entries(cells, cases, environments, versions, uses).items()):
        for case, entries in of_model.items():
            by_case[case] += _lines(model, case, titles[case], entries, uses.get(case, frozenset()), shown)
    lines = {case: _alike(several) for case, several in by_case.items()}
    order = sorted(lines, key=lambda case: (_order(folder(case)), not any(map(_fails, lines[case]))))
    return tuple(way for case in order for way in lines[case])


def _alike(ways: Sequence[WayView]) -> tuple[WayView, ...]:
    """The ways of one case, those of several models as one where all their marks are the same."""
    groups: defaultdict[object, list[WayView]] = defaultdict(list)
    for way in ways:
        states = [(installed(track), *(mark and mark.state for mark in track.marks)) for track in way.tracks]
        groups[way.formats, way.devices, tuple(states)].append(way)
    return tuple(
        replace(
            several[0],
            models=tuple(model for way in several for model in way.models),
            tracks=tuple(_joined(tracks) for tracks in zip(*(way.tracks for way in several), strict=True)),
        )
        for several in groups.values()
    )


def _joined(tracks: Sequence[WayTrack]) -> WayTrack:
    """Tracks with the same marks as one that stands for the cells of all."""
    marks = []
    for column in zip(*(track.marks for track in tracks), strict=True):
        found = [mark for mark in column if mark]
        cells = tuple(cell for mark in found for cell in mark.cells)
        marks.append(WayMark(state=found[0].state, cells=cells) if found else None)
    return replace(tracks[0], marks=tuple(marks))


def _fails(way: WayView) -> bool:
    return any(mark.state in BAD for track in way.tracks for mark in track.marks if mark)


def folder(case: str) -> str:
    """The folder of a case below `cases/`; empty where it has none."""
    parts = case.partition("::")[0].removeprefix("cases/").split("/")
    return parts[0] if len(parts) > 1 else ""


def _order(name: str) -> tuple[int, str]:
    return (WORK.index(name), "") if name in WORK else (len(WORK), name)


def _entries(
    cells: Sequence[CellView],
    cases: Sequence[CaseView],
    environments: Mapping[str, EnvironmentRecord],
    versions: Sequence[str],
    uses: Mapping[str, frozenset[Axis]],
) -> Mapping[str, Mapping[str, list[_Entry]]]:
    """Return the entries by model and case, in the order of the cells; those of a case without a model under the empty name.

    A planned cell without a record has every case that its model has elsewhere on such a device, not run.
    """
    column = {version: place for place, version in enumerate(versions)}
    found: defaultdict[str, defaultdict[str, list[_Entry]]] = defaultdict(lambda: defaultdict(list))
    of_device: defaultdict[tuple[str, Device], dict[str, None]] = defaultdict(dict)
    for place in sorted(range(len(cells)), key=lambda place: cells[place].status is None):
        cell, axes = cells[place], cells[place].axes
        environment = environments.get(cell.environment)
        why = reason(cell, environment.status if environment else None)
        known = of_device[axes.model, axes.device]
        states: defaultdict[str, list[State]] = defaultdict(list, {case: [] for case in (() if cell.status else known)})
        for one in cell.cases:
            states[cases[one].case].append(state_of(cases[one].verdict, why))
        known |= dict.fromkeys(states)
        at, pins = (installed(axes), column[axes.tensorflow]), (axes.python, axes.hub)
        values: Mapping[Axis, SaveFormat | Device] = {Axis.FORMAT: axes.format, Axis.DEVICE: axes.device}
        for case, several in states.items():  # shares them: there may be millions of entries
            # Older results have such a case in the cells of all models.
            model = axes.model if Axis.MODEL in uses.get(case, _ANY) else ""
            found[model][case].append(_Entry(cell=place, at=at, values=values, pins=pins, state=merged(several)))
    return found


def _lines(model: str, case: str, title: str, entries: Sequence[_Entry], uses: frozenset[Axis], shown: Scale) -> Iterator[WayView]:
    """One way of a model, or one for each group of save formats, and in it of devices, whose marks are the same everywhere."""
    for formats, of_formats in _split(entries, Axis.FORMAT, uses):
        for devices, chosen in _split(of_formats, Axis.DEVICE, uses):
            yield WayView(
                case=case,
                title=title,
                folder=folder(case),
                models=(model,) if model else (),
                formats=tuple(one for one in SaveFormat if one in formats),
                devices=tuple(one for one in Device if one in devices),
                tracks=tuple(_tracks(chosen, shown)),
            )


def _split(
    entries: Sequence[_Entry], axis: Axis, uses: frozenset[Axis]
) -> tuple[tuple[frozenset[SaveFormat | Device], Sequence[_Entry]], ...]:
    """Groups of values whose outcomes agree, each with its entries; one without a name where all agree.

    Hardware that this machine hasn't is left out, where there is something else.
    """
    every: defaultdict[SaveFormat | Device, list[_Entry]] = defaultdict(list)
    for entry in entries:
        every[entry.values[axis]].append(entry)
    by_value = {value: own for value, own in every.items() if not _is_missing(value, own)} or every
    others = [one for one in _SPLIT if one is not axis]
    groups: defaultdict[frozenset[object], list[SaveFormat | Device]] = defaultdict(list)
    for value, own in by_value.items():
        outcomes = frozenset((one.at, one.pins, *(one.values[other] for other in others), one.state) for one in own)
        groups[outcomes].append(value)
    if axis not in uses or (len(groups) == 1 and len(by_value) == len(every)):
        return ((frozenset(), entries),)
    order = sorted(groups.values(), key=lambda values: min(map(_VALUES.index, values)))
    return tuple((frozenset(values), [one for value in values for one in by_value[value]]) for values in order)


def _is_missing(value: SaveFormat | Device, entries: Sequence[_Entry]) -> bool:
    """Hardware that was found with no environment that could be made."""
    states = {one.state for one in entries} - {State.BLOCKED}
    return isinstance(value, Device) and realm(value) is Realm.HARDWARE and states == {State.UNAVAILABLE}


def _tracks(entries: Sequence[_Entry], shown: Scale) -> Iterator[WayTrack]:
    """The line in each section that has it."""
    places: defaultdict[tuple[Installation, int], list[_Entry]] = defaultdict(list)
    for entry in entries:
        places[entry.at].append(entry)
    for way in installations():
        marks = tuple(_mark(places.get((way, column), ())) for column in range(len(shown.labels)))
        if any(marks):
            told = phrase([one.state if one else None for one in marks], shown)
            yield WayTrack(**way.as_arguments(), marks=marks, phrase=told)


def _mark(entries: Sequence[_Entry]) -> WayMark | None:
    """All cells of a line at one version. First come those that show its state, then those in which nothing ran."""
    if not entries:
        return None
    state = merged([entry.state for entry in entries])
    order = sorted(entries, key=lambda entry: (entry.state is not state, entry.state in SILENT, entry.cell))
    return WayMark(state=state, cells=tuple(entry.cell for entry in order))
