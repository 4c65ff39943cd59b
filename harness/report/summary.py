"""What a reader asks first: which versions work with which model, what to install, and what goes wrong most often."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from harness.domain import HOSTS, InstallPolicy, installation
from harness.judge.outcomes import SURPRISES, CaseVerdict
from harness.judge.verdict import CellVerdict, together
from harness.report.document import CaseView, CellView, Counts, Mark, MessageGroup, MessageKind, ModelSummary, Section, Span, Track
from harness.report.grid import runs, version_key
from harness.report.text import first_line

_WORST_FIRST = (CellVerdict.FAILS, CellVerdict.PARTLY, CellVerdict.UNAVAILABLE, CellVerdict.NOT_RUN, CellVerdict.WORKS)
_RANKS = {
    MessageKind.FAILURE: 0,
    MessageKind.OTHERWISE: 0,
    MessageKind.UNEXPECTED_PASS: 0,
    MessageKind.DECLARED: 1,
    MessageKind.MACHINE: 2,
}
_KINDS = {
    CaseVerdict.PASSED_UNEXPECTEDLY: MessageKind.UNEXPECTED_PASS,
    CaseVerdict.AS_DECLARED: MessageKind.DECLARED,
    CaseVerdict.FAILED_OTHERWISE: MessageKind.OTHERWISE,
}


def count(cells: Sequence[CellView], planned: int) -> Counts:
    """The headline counts. Cells that were planned and are not here count as not run."""
    tally = {verdict: sum(cell.verdict is verdict for cell in cells) for verdict in CellVerdict}
    here = sum(cell.status is not None for cell in cells)
    return Counts(
        works=tally[CellVerdict.WORKS],
        partly=tally[CellVerdict.PARTLY],
        fails=tally[CellVerdict.FAILS],
        unavailable=tally[CellVerdict.UNAVAILABLE],
        not_run=tally[CellVerdict.NOT_RUN] + max(0, planned - len(cells)),
        working_as_declared=sum(_declared(cell) for cell in cells),
        unexpected_passes=sum(cell.unexpected for cell in cells),
        reused=sum(cell.reused for cell in cells),
        here=here,
        planned=max(planned, len(cells)),
    )


def models(sections: Sequence[Section], cells: Sequence[CellView]) -> tuple[ModelSummary, ...]:
    """Return each model by name, with one track for each section that has it; cells without a model under the empty name, first.

    Told of the host alone, where anything ran on it: other devices have other cases, and hardware may be missing.
    """
    tracks: defaultdict[str, list[Track]] = defaultdict(list)
    hosted = any(column.device in HOSTS for section in sections for column in section.columns)
    for section in sections:
        chosen = [place for place, column in enumerate(section.columns) if column.device in HOSTS or not hosted]
        for model, places in groupby(chosen, key=lambda place: section.columns[place].model):
            tracks[model].append(_track(section, tuple(places), cells))
    return tuple(_model(model, found) for model, found in sorted(tracks.items()))


def _model(model: str, tracks: Sequence[Track]) -> ModelSummary:
    chosen = _install_instead(tracks)
    return ModelSummary(
        model=model, tracks=tuple(tracks), install_instead=chosen, closest=_closest(tracks) if chosen is None else None
    )


def _track(section: Section, places: Sequence[int], cells: Sequence[CellView]) -> Track:
    by_version: defaultdict[str, list[int]] = defaultdict(list)
    for row in reversed(section.rows):
        by_version[row.tensorflow].extend(cell for place in places if (cell := row.cells[place]) is not None)
    marks = tuple(_mark(version, found, cells) for version, found in by_version.items() if found)
    return Track(**installation(section).as_arguments(), marks=marks, spans=tuple(_spans(marks)))


def _mark(version: str, places: Sequence[int], cells: Sequence[CellView]) -> Mark:
    verdict = together(cells[place].verdict for place in places)
    return Mark(
        tensorflow=version,
        verdict=verdict,
        declared=verdict is CellVerdict.WORKS and any(cells[place].declared for place in places),
        working=sum(cells[place].verdict is CellVerdict.WORKS for place in places),
        cells=len(places),
        passed=sum(cells[place].passed for place in places),
        cases=sum(len(cells[place].cases) for place in places),
        cell=min(places, key=lambda place: _WORST_FIRST.index(cells[place].verdict)),
    )


def _spans(marks: Iterable[Mark]) -> Iterator[Span]:
    for (verdict, declared), group in groupby(marks, key=lambda mark: (mark.verdict, mark.declared)):
        same = tuple(group)
        yield Span(verdict=verdict, declared=declared, first=same[0].tensorflow, last=same[-1].tensorflow, versions=len(same))


def _install_instead(tracks: Sequence[Track]) -> int | None:
    """Of what works: without declared failures, then the newest TensorFlow, then what a plain install gives today."""
    working = [(track, mark) for track in tracks for mark in track.marks if mark.verdict is CellVerdict.WORKS]
    if not working:
        return None
    today = InstallPolicy.TODAY
    return max(working, key=lambda one: (not one[1].declared, version_key(one[1].tensorflow), one[0].install is today))[1].cell


def _closest(tracks: Sequence[Track]) -> Mark | None:
    """Of what works partly: the largest part of the cases, then the newest TensorFlow."""
    partly = [mark for track in tracks for mark in track.marks if mark.verdict is CellVerdict.PARTLY and mark.passed]
    return max(partly, key=lambda mark: (mark.passed / mark.cases, version_key(mark.tensorflow)), default=None)


@dataclass(slots=True)
class _Gathered:
    cells: list[int] = field(default_factory=list)
    where: dict[str, None] = field(default_factory=dict)
    diagnoses: set[str] = field(default_factory=set)
    seconds: dict[str, None] = field(default_factory=dict)


def messages(cells: Sequence[CellView], cases: Sequence[CaseView], versions: Sequence[str]) -> tuple[MessageGroup, ...]:
    """Cells grouped by what they say, most frequent first; what was declared, then this machine's trouble, come last.

    A cell counts once for each message.
    """
    groups: defaultdict[tuple[MessageKind, str], _Gathered] = defaultdict(_Gathered)
    for place, cell in enumerate(cells):
        for kind, message, where, diagnosis, second in _said(cell, cases):
            group = groups[kind, message]
            group.where[where] = None
            group.diagnoses.add(diagnosis)
            group.seconds[second] = None
            if not group.cells or group.cells[-1] != place:
                group.cells.append(place)
    found = (_group(kind, message, group, cells, versions) for (kind, message), group in groups.items())
    return tuple(sorted(found, key=lambda group: (_RANKS[group.kind], -group.cells, -group.versions, group.message)))


def _said(cell: CellView, cases: Sequence[CaseView]) -> Iterator[tuple[MessageKind, str, str, str, str]]:
    if cell.verdict is CellVerdict.UNAVAILABLE:
        yield MessageKind.MACHINE, first_line(cell.message), cell.label, cell.diagnosis, cell.second
    elif cell.message:
        yield MessageKind.FAILURE, first_line(cell.message), cell.label, cell.diagnosis, cell.second
    for place in cell.cases:
        case = cases[place]
        kind = _kind(case.verdict)
        if kind is not None:
            yield kind, first_line(case.message), case.title, case.diagnosis, case.second


def _kind(verdict: CaseVerdict) -> MessageKind | None:
    return _KINDS.get(verdict, MessageKind.FAILURE if verdict in SURPRISES else None)


def _group(kind: MessageKind, message: str, group: _Gathered, cells: Sequence[CellView], versions: Sequence[str]) -> MessageGroup:
    found = frozenset(cells[place].axes.tensorflow for place in group.cells)
    installs = frozenset(cells[place].axes.install for place in group.cells)
    return MessageGroup(
        kind=kind,
        message=message,
        diagnosis=next(iter(group.diagnoses)) if len(group.diagnoses) == 1 else "",
        second=() if "" in group.seconds else tuple(group.seconds),
        where=tuple(group.where),
        cells=len(group.cells),
        versions=len(found),
        spans=runs(found, versions),
        installs=tuple(install for install in InstallPolicy if install in installs),
        example=max(group.cells, key=lambda place: version_key(cells[place].axes.tensorflow)),
    )


def _declared(cell: CellView) -> bool:
    return cell.verdict is CellVerdict.WORKS and cell.declared > 0
