"""Summarize a run: which versions work with which model, what to install, and the most frequent failures. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from harness.domain import HOSTS, InstallPolicy, installation
from harness.judge.outcomes import SURPRISES, CaseVerdict
from harness.judge.verdict import CellVerdict, combined_verdict
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
    """Count cells for the headline. Planned cells without a record count as not run.

    Args:
        cells: the cells of the view, planned ones without a record among them if the plan is known.
        planned: how many cells the run was to have.
    """
    tally = {verdict: sum(cell.verdict is verdict for cell in cells) for verdict in CellVerdict}
    # Without the plan, cells that were never recorded are known by their number alone.
    return Counts(
        works=tally[CellVerdict.WORKS],
        partly=tally[CellVerdict.PARTLY],
        fails=tally[CellVerdict.FAILS],
        unavailable=tally[CellVerdict.UNAVAILABLE],
        not_run=tally[CellVerdict.NOT_RUN] + max(0, planned - len(cells)),
        working_as_declared=sum(_declared(cell) for cell in cells),
        unexpected_passes=sum(cell.unexpected for cell in cells),
        reused=sum(cell.reused for cell in cells),
        recorded=sum(cell.status is not None for cell in cells),
        planned=max(planned, len(cells)),
    )


def models(sections: Sequence[Section], cells: Sequence[CellView]) -> tuple[ModelSummary, ...]:
    """Return each model by name, with a track for each section that has it; first, by the empty name, cells without a model.

    Only cells of the host count, if it has any: other devices have other cases, and hardware may be missing.
    """
    tracks: defaultdict[str, list[Track]] = defaultdict(list)
    hosted = any(column.device in HOSTS for section in sections for column in section.columns)
    for section in sections:
        chosen = [number for number, column in enumerate(section.columns) if column.device in HOSTS or not hosted]
        # Columns are sorted by model first, so groupby meets each model once.
        for model, columns in groupby(chosen, key=lambda number: section.columns[number].model):
            tracks[model].append(_track(section, tuple(columns), cells))
    return tuple(_model(model, of_model) for model, of_model in sorted(tracks.items()))


def _model(model: str, tracks: Sequence[Track]) -> ModelSummary:
    chosen = _install_instead(tracks)
    return ModelSummary(
        model=model, tracks=tuple(tracks), install_instead=chosen, closest=_closest(tracks) if chosen is None else None
    )


def _track(section: Section, columns: Sequence[int], cells: Sequence[CellView]) -> Track:
    by_version: defaultdict[str, list[int]] = defaultdict(list)
    # Sections have the newest TensorFlow first, tracks the oldest.
    for row in reversed(section.rows):
        by_version[row.tensorflow].extend(cell for column in columns if (cell := row.cells[column]) is not None)
    marks = tuple(_mark(version, indices, cells) for version, indices in by_version.items() if indices)
    return Track(**installation(section).as_arguments(), marks=marks, spans=tuple(_spans(marks)))


def _mark(version: str, indices: Sequence[int], cells: Sequence[CellView]) -> Mark:
    of_version = [cells[index] for index in indices]
    verdict = combined_verdict(cell.verdict for cell in of_version)
    return Mark(
        tensorflow=version,
        verdict=verdict,
        declared=verdict is CellVerdict.WORKS and any(cell.declared for cell in of_version),
        working=sum(cell.verdict is CellVerdict.WORKS for cell in of_version),
        cells=len(of_version),
        passed=sum(cell.passed for cell in of_version),
        cases=sum(len(cell.cases) for cell in of_version),
        cell=min(indices, key=lambda index: _WORST_FIRST.index(cells[index].verdict)),
    )


def _spans(marks: Iterable[Mark]) -> Iterator[Span]:
    for (verdict, declared), group in groupby(marks, key=lambda mark: (mark.verdict, mark.declared)):
        same = tuple(group)
        yield Span(verdict=verdict, declared=declared, first=same[0].tensorflow, last=same[-1].tensorflow, versions=len(same))


def _install_instead(tracks: Sequence[Track]) -> int | None:
    """Return the cell to recommend among those that work, None if none does.

    No declared failures weigh most, then the newest TensorFlow, then that a plain install gives it today.
    """
    working = [(track, mark) for track in tracks for mark in track.marks if mark.verdict is CellVerdict.WORKS]
    if not working:
        return None
    today = InstallPolicy.TODAY
    _, best = max(working, key=lambda pair: (not pair[1].declared, version_key(pair[1].tensorflow), pair[0].install is today))
    return best.cell


def _closest(tracks: Sequence[Track]) -> Mark | None:
    """Return the mark that works partly with the largest share of passed cases, then the newest TensorFlow; None if none does."""
    partly = [mark for track in tracks for mark in track.marks if mark.verdict is CellVerdict.PARTLY and mark.passed]
    return max(partly, key=lambda mark: (mark.passed / mark.cases, version_key(mark.tensorflow)), default=None)


@dataclass(slots=True)
class _Gathered:
    """A group of messages while it grows; the dicts are ordered sets."""

    cells: list[int] = field(default_factory=list)
    where: dict[str, None] = field(default_factory=dict)
    diagnoses: set[str] = field(default_factory=set)
    seconds: dict[str, None] = field(default_factory=dict)


def messages(cells: Sequence[CellView], cases: Sequence[CaseView], versions: Sequence[str]) -> tuple[MessageGroup, ...]:
    """Group cells by the first lines of their messages, most frequent first.

    Declared failures come after all others, and trouble of this machine after those. A cell counts once for each message.
    """
    groups: defaultdict[tuple[MessageKind, str], _Gathered] = defaultdict(_Gathered)
    for index, cell in enumerate(cells):
        for kind, message, where, diagnosis, second in _messages_of(cell, cases):
            group = groups[kind, message]
            group.where[where] = None
            group.diagnoses.add(diagnosis)
            group.seconds[second] = None
            # Cells come in order: if this one is in the group already, by another case, it is the last.
            if not group.cells or group.cells[-1] != index:
                group.cells.append(index)
    counted = (_group(kind, message, group, cells, versions) for (kind, message), group in groups.items())
    return tuple(sorted(counted, key=lambda group: (_RANKS[group.kind], -group.cells, -group.versions, group.message)))


def _messages_of(cell: CellView, cases: Sequence[CaseView]) -> Iterator[tuple[MessageKind, str, str, str, str]]:
    """Yield the messages of a cell and its cases: kind, first line, where it is from, diagnosis, second opinion."""
    if cell.verdict is CellVerdict.UNAVAILABLE:
        yield MessageKind.MACHINE, first_line(cell.message), cell.label, cell.diagnosis, cell.second
    elif cell.message:
        yield MessageKind.FAILURE, first_line(cell.message), cell.label, cell.diagnosis, cell.second
    for case in (cases[index] for index in cell.cases):
        kind = _kind(case.verdict)
        if kind is not None:
            yield kind, first_line(case.message), case.title, case.diagnosis, case.second


def _kind(verdict: CaseVerdict) -> MessageKind | None:
    return _KINDS.get(verdict, MessageKind.FAILURE if verdict in SURPRISES else None)


def _group(kind: MessageKind, message: str, group: _Gathered, cells: Sequence[CellView], versions: Sequence[str]) -> MessageGroup:
    affected = frozenset(cells[index].axes.tensorflow for index in group.cells)
    installs = frozenset(cells[index].axes.install for index in group.cells)
    return MessageGroup(
        kind=kind,
        message=message,
        diagnosis=next(iter(group.diagnoses)) if len(group.diagnoses) == 1 else "",
        # A message without a second opinion is in the group as "": then no sentence is true of all of them.
        second=() if "" in group.seconds else tuple(group.seconds),
        where=tuple(group.where),
        cells=len(group.cells),
        versions=len(affected),
        spans=runs(affected, versions),
        installs=tuple(install for install in InstallPolicy if install in installs),
        example=max(group.cells, key=lambda index: version_key(cells[index].axes.tensorflow)),
    )


def _declared(cell: CellView) -> bool:
    return cell.verdict is CellVerdict.WORKS and cell.declared > 0
