"""Lay out which way works in which version: every case as a line, with one mark for each TensorFlow version. Pure.

A case has one line for each group of models whose marks are the same everywhere, and likewise for the save formats and devices
if it asks for them: one line if all agree. Each outcome of a case in a cell is in exactly one mark. The exception is hardware
that this machine lacks: it gets no line if the case ran on something else.
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
# An unexpected pass is among them: its declaration is out of date.
BAD = frozenset({State.FAILED, State.OTHERWISE, State.CRASHED, State.TIMED_OUT, State.UNEXPECTED, State.MIXED})
# The axes of a case come from its records: one without a record may use any.
_ANY = frozenset(Axis)
_SPLIT = (Axis.FORMAT, Axis.DEVICE)
_VALUES: tuple[SaveFormat | Device, ...] = (*SaveFormat, *Device)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """The state of a case in a cell. `position` is that of its mark: section, and index of the version."""

    cell: int
    position: tuple[Installation, int]
    values: Mapping[Axis, SaveFormat | Device]
    pins: tuple[str | None, str | None]
    state: State


def ways(
    cells: Sequence[CellView],
    cases: Sequence[CaseView],
    environments: Mapping[str, EnvironmentRecord],
    uses: Mapping[str, frozenset[Axis]],
) -> tuple[WayView, ...]:
    """Return every way, by folder in the order of work; in a folder, cases with an undeclared failure anywhere come first.

    `uses` has the axes that a case asks for, by its id.
    """
    versions = ascending(cell.axes.tensorflow for cell in cells)
    version_scale = scale(versions)
    titles = {case.case: case.title for case in cases}
    by_case: defaultdict[str, list[WayView]] = defaultdict(list)
    for model, of_model in sorted(_entries(cells, cases, environments, versions, uses).items()):
        for case, entries in of_model.items():
            by_case[case] += _lines(model, case, titles[case], entries, uses.get(case, frozenset()), version_scale)
    lines = {case: _merge_models(ways_of_case) for case, ways_of_case in by_case.items()}
    order = sorted(lines, key=lambda case: (_order(case_folder(case)), not any(map(_fails, lines[case]))))
    return tuple(way for case in order for way in lines[case])


def _merge_models(ways: Sequence[WayView]) -> tuple[WayView, ...]:
    """Merge the ways of one case whose marks are all the same, so that one way has several models."""
    groups: defaultdict[object, list[WayView]] = defaultdict(list)
    for way in ways:
        states = [(installed(track), *(mark and mark.state for mark in track.marks)) for track in way.tracks]
        groups[way.formats, way.devices, tuple(states)].append(way)
    return tuple(
        replace(
            group[0],
            models=tuple(model for way in group for model in way.models),
            tracks=tuple(_joined(tracks) for tracks in zip(*(way.tracks for way in group), strict=True)),
        )
        for group in groups.values()
    )


def _joined(tracks: Sequence[WayTrack]) -> WayTrack:
    """Join tracks with the same marks into one with the cells of all."""
    marks = []
    for column in zip(*(track.marks for track in tracks), strict=True):
        same = [mark for mark in column if mark]
        cells = tuple(cell for mark in same for cell in mark.cells)
        marks.append(WayMark(state=same[0].state, cells=cells) if same else None)
    return replace(tracks[0], marks=tuple(marks))


def _fails(way: WayView) -> bool:
    return any(mark.state in BAD for track in way.tracks for mark in track.marks if mark)


def case_folder(case: str) -> str:
    """Return the first folder of a case below `cases/`; empty if it has none."""
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
    version_indices = {version: index for index, version in enumerate(versions)}
    by_model: defaultdict[str, defaultdict[str, list[_Entry]]] = defaultdict(lambda: defaultdict(list))
    cases_by_device: defaultdict[tuple[str, Device], dict[str, None]] = defaultdict(dict)
    # Cells without a record come last: by then the cases that they would have had are known from the others.
    for cell_index in sorted(range(len(cells)), key=lambda index: cells[index].status is None):
        cell, axes = cells[cell_index], cells[cell_index].axes
        environment = environments.get(cell.environment)
        not_run = reason(cell, environment.status if environment else None)
        known_cases = cases_by_device[axes.model, axes.device]
        states: defaultdict[str, list[State]] = defaultdict(list, {case: [] for case in (() if cell.status else known_cases)})
        for view_of_case in (cases[case_index] for case_index in cell.cases):
            states[view_of_case.case].append(state_of(view_of_case.verdict, not_run))
        known_cases |= dict.fromkeys(states)
        # Made once a cell and shared by its entries, of which there may be millions.
        position, pins = (installed(axes), version_indices[axes.tensorflow]), (axes.python, axes.hub)
        values: Mapping[Axis, SaveFormat | Device] = {Axis.FORMAT: axes.format, Axis.DEVICE: axes.device}
        for case, states_of_case in states.items():
            # Results from before there were cells without a model have a case that uses none in the cells of all models.
            model = axes.model if Axis.MODEL in uses.get(case, _ANY) else ""
            state = merged(states_of_case)
            by_model[model][case].append(_Entry(cell=cell_index, position=position, values=values, pins=pins, state=state))
    return by_model


def _lines(
    model: str, case: str, title: str, entries: Sequence[_Entry], uses: frozenset[Axis], version_scale: Scale
) -> Iterator[WayView]:
    """Yield the ways of a model: one for each group of save formats, and in it of devices, whose marks are the same everywhere."""
    for formats, of_formats in _split(entries, Axis.FORMAT, uses):
        for devices, chosen in _split(of_formats, Axis.DEVICE, uses):
            yield WayView(
                case=case,
                title=title,
                folder=case_folder(case),
                models=(model,) if model else (),
                formats=tuple(save_format for save_format in SaveFormat if save_format in formats),
                devices=tuple(device for device in Device if device in devices),
                tracks=tuple(_tracks(chosen, version_scale)),
            )


def _split(
    entries: Sequence[_Entry], axis: Axis, uses: frozenset[Axis]
) -> tuple[tuple[frozenset[SaveFormat | Device], Sequence[_Entry]], ...]:
    """Split entries into groups of values of an axis whose outcomes agree; one group without values if all agree.

    Hardware that this machine lacks is left out if there are other values.
    """
    of_every_value: defaultdict[SaveFormat | Device, list[_Entry]] = defaultdict(list)
    for entry in entries:
        of_every_value[entry.values[axis]].append(entry)
    by_value = {value: own for value, own in of_every_value.items() if not _is_missing(value, own)} or of_every_value
    other_axes = [split_axis for split_axis in _SPLIT if split_axis is not axis]
    groups: defaultdict[frozenset[object], list[SaveFormat | Device]] = defaultdict(list)
    for value, own in by_value.items():
        # Equal sets mean the same state in every cell but for this axis, not merely the same marks.
        outcomes = frozenset(
            (entry.position, entry.pins, *(entry.values[other_axis] for other_axis in other_axes), entry.state) for entry in own
        )
        groups[outcomes].append(value)
    if axis not in uses or (len(groups) == 1 and len(by_value) == len(of_every_value)):
        return ((frozenset(), entries),)
    order = sorted(groups.values(), key=lambda values: min(map(_VALUES.index, values)))
    return tuple((frozenset(values), [entry for value in values for entry in by_value[value]]) for values in order)


def _is_missing(value: SaveFormat | Device, entries: Sequence[_Entry]) -> bool:
    """Return True for hardware that this machine lacks in every environment that could be made."""
    states = {entry.state for entry in entries} - {State.BLOCKED}
    return isinstance(value, Device) and realm(value) is Realm.HARDWARE and states == {State.UNAVAILABLE}


def _tracks(entries: Sequence[_Entry], version_scale: Scale) -> Iterator[WayTrack]:
    """Yield the track of a line in each section that has it."""
    by_position: defaultdict[tuple[Installation, int], list[_Entry]] = defaultdict(list)
    for entry in entries:
        by_position[entry.position].append(entry)
    for way in installations():
        marks = tuple(_mark(by_position.get((way, index), ())) for index in range(len(version_scale.labels)))
        if any(marks):
            words = phrase([mark.state if mark else None for mark in marks], version_scale)
            yield WayTrack(**way.as_arguments(), marks=marks, phrase=words)


def _mark(entries: Sequence[_Entry]) -> WayMark | None:
    """Return the mark of a line at one version: first the cells in its state, last those whose state says nothing."""
    if not entries:
        return None
    state = merged([entry.state for entry in entries])
    order = sorted(entries, key=lambda entry: (entry.state is not state, entry.state in SILENT, entry.cell))
    return WayMark(state=state, cells=tuple(entry.cell for entry in order))
