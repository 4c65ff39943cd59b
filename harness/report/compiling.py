"""Gather the programs compiled for TPU from the cells of chips: which compile, what they need, how long it took. Pure.

Figures are read from the numbers that cases record (`record_property`), by the names of `Figures`, after a note if a case has
several programs. The class of a case's exception says whether the compiler refused the program or died.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, TypeAlias

from harness.domain import Axis, Device
from harness.judge.outcomes import GOOD
from harness.report.devices import Realm, realm
from harness.report.document import (
    Agreement,
    CaseView,
    CellView,
    Compile,
    Compiling,
    Fate,
    Figures,
    Installation,
    Program,
    State,
    Totals,
    Worst,
    installed,
)
from harness.report.figures import figure
from harness.report.numbers import APART
from harness.report.phrase import Scale, listed, scale, spans
from harness.report.state import reason, state_of
from harness.results.format import EnvironmentRecord
from harness.services.tpu_compiler.chips import CHIPS

NOISE = 1e-5
"""The difference that the order of additions in float32 may make to a number near 1."""
OWN, SAME = "drift_own_xla", "drift_same_program"
# By the names of the exceptions that the fixture `compiled` raises.
RAISED: Final = {"Refused": Fate.REFUSED, "Died": Fate.DIED}
PHRASES: Final = {
    Fate.COMPILED: "compiles",
    Fate.REFUSED: "refused",
    Fate.DIED: "ends the compiler",
    Fate.NO_PROGRAM: "fails before there is a program",
    Fate.AS_EXPECTED: "as expected",
    Fate.UNLIKE: "not as the case says",
    Fate.SKIPPED: "skipped",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _ProgramKey:
    """The identity of a program, whatever the TensorFlow."""

    case: str
    variant: str
    note: str
    model: str
    chip: Device
    installed: Installation


_CompilesByProgram: TypeAlias = dict[_ProgramKey, dict[int, Compile]]
"""By program, then by the version's index."""


def compiling(
    cells: Sequence[CellView],
    cases: Sequence[CaseView],
    environments: Mapping[str, EnvironmentRecord],
    uses: Mapping[str, frozenset[Axis]],
    versions: Sequence[str],
) -> Compiling:
    """Gather all programs of the cells of chips, in the order of cases, models and chips.

    `uses` has the axes that a case asks for, by its id; `versions` are those of the view.
    """
    version_indices = {version: index for index, version in enumerate(versions)}
    compiles_by_program: _CompilesByProgram = {}
    for cell_index, cell in enumerate(cells):
        if realm(cell.axes.device) is Realm.CHIP:
            environment = environments.get(cell.environment)
            not_run = reason(cell, environment.status if environment else None)
            for case in (cases[case_index] for case_index in cell.cases):
                for note, compile_ in _compiles(case, cell.axes.device, not_run, cell_index):
                    key = _program_key(case, note, cell, uses.get(case.case, frozenset()))
                    compiles = compiles_by_program.setdefault(key, {})
                    # Cells that differ in something else, the save format for example, share a program: the first stands for all.
                    compiles.setdefault(version_indices[cell.axes.tensorflow], compile_)
    _move_ends_to_noted_programs(compiles_by_program)
    about_programs = {
        key: compiles
        for key, compiles in compiles_by_program.items()
        if _is_about_program({compile_.fate for compile_ in compiles.values()})
    }
    titles = {case.case: case.title for case in cases}
    version_scale = scale(versions)
    order = sorted(about_programs, key=lambda key: (key.case, key.variant, key.note, key.model, list(Device).index(key.chip)))
    programs = tuple(_program(key, titles[key.case], about_programs[key], version_scale) for key in order)
    return Compiling(programs=programs, totals=_totals(programs), agreement=tuple(_agreement(cells, cases, version_indices)))


def _is_about_program(fates: set[Fate]) -> bool:
    """Return True if a case with these fates is about a program: one that only passes has none, or records nothing of it."""
    return bool(fates & {Fate.COMPILED, Fate.REFUSED, Fate.DIED}) or (
        Fate.NO_PROGRAM in fates and fates.isdisjoint({Fate.AS_EXPECTED, Fate.UNLIKE})
    )


def _compiles(case: CaseView, chip: Device, not_run: State, cell: int) -> Iterator[tuple[str, Compile]]:
    """Yield the notes and compiles of a case: its compiled programs and, without a note, what ended the case, if anything did."""
    figures_by_note = _figures(case, chip)
    for note, figures in figures_by_note.items():
        yield note, Compile(fate=Fate.COMPILED, message="", figures=figures, cell=cell)
    fate, message = _fate(case, not_run)
    # After compiled programs only a refusal or the compiler's end is the fate of one more; any other failure is the case's own.
    if not figures_by_note or fate in (Fate.REFUSED, Fate.DIED):
        yield "", Compile(fate=fate, message=message, figures=None, cell=cell)


def _figures(case: CaseView, chip: Device) -> Mapping[str, Figures]:
    """Return the figures of a case's programs, by note."""
    # The memory of a chip isn't measured, so cases need not record it; a number that one records wins.
    chip_bytes = float(CHIPS[chip.value.removeprefix("tpu-")].device_bytes)
    notes: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for measurement in case.measured:
        if note_and_figure := figure(measurement.name):
            note, name = note_and_figure
            notes[note][name] = measurement.value
    return {note: Figures(**{"chip_bytes": chip_bytes, **values}) for note, values in notes.items()}


def _fate(case: CaseView, not_run: State) -> tuple[Fate, str]:
    """Return the fate of a program without figures, and the message of what ended it.

    The fixture `compiled` raises `Refused` with the compiler's message, and `Died` if a program ended the compiler. An assertion
    is about a program that was compiled; any other failure came before there was a program.
    """
    if case.kind == "AssertionError":
        return (Fate.AS_EXPECTED, "") if case.verdict in GOOD else (Fate.UNLIKE, case.message)
    if fate := RAISED.get(case.kind):
        # The view puts the class of an error before its message.
        return fate, case.message.partition(": ")[2]
    state = state_of(case.verdict, not_run)
    match state:
        case State.PASSED | State.UNEXPECTED:
            return Fate.AS_EXPECTED, ""
        case State.BLOCKED:
            return Fate.BLOCKED, ""
        case State.SKIPPED | State.NOT_APPLICABLE:
            return Fate.SKIPPED, case.message
        case State.UNAVAILABLE:
            return Fate.UNAVAILABLE, ""
        case State.NOT_RUN:
            return Fate.NOT_RUN, ""
        case _:
            return Fate.NO_PROGRAM, case.message


def _move_ends_to_noted_programs(compiles_by_program: _CompilesByProgram) -> None:
    """Move what ended a case before it had any program to all programs that the case has under other versions.

    A case that fails at once under one TensorFlow can't say how many programs it has: without this it would be listed as one
    more program, without a note, beside its own.
    """
    keys_by_case = defaultdict(list)
    for key in compiles_by_program:
        if key.note:
            keys_by_case[key.case, key.variant, key.model, key.chip, key.installed].append(key)
    for key in [key for key in compiles_by_program if not key.note]:
        with_notes = keys_by_case.get((key.case, key.variant, key.model, key.chip, key.installed), ())
        if with_notes and all(compile_.figures is None for compile_ in compiles_by_program[key].values()):
            ends = compiles_by_program.pop(key)
            # Versions in which a noted program has a compile of its own keep it.
            for key_with_note in with_notes:
                compiles_by_program[key_with_note] = ends | compiles_by_program[key_with_note]


def _program_key(case: CaseView, note: str, cell: CellView, uses: frozenset[Axis]) -> _ProgramKey:
    model = cell.axes.model if Axis.MODEL in uses else ""
    return _ProgramKey(
        case=case.case, variant=case.variant, note=note, model=model, chip=cell.axes.device, installed=installed(cell.axes)
    )


def _program(key: _ProgramKey, title: str, compiles: Mapping[int, Compile], version_scale: Scale) -> Program:
    by_version = tuple(compiles.get(index) for index in range(len(version_scale.labels)))
    return Program(
        case=key.case,
        title=title,
        variant=key.variant,
        note=key.note,
        model=key.model,
        chip=key.chip,
        **key.installed.as_arguments(),
        compiles=by_version,
        phrase=_phrase([compile_.fate if compile_ else None for compile_ in by_version], version_scale),
    )


def _phrase(fates: Sequence[Fate | None], version_scale: Scale) -> str:
    """Return `compiles 2.1–2.21; refused in 2.0`."""
    tried = [index for index, fate in enumerate(fates) if fate in PHRASES]
    different = {fates[index] for index in tried}
    if not tried:
        return "not tried"
    if len(different) == 1 and len(tried) > 1:
        (fate,) = different
        partial = len(tried) < len(fates)
        where = f", {listed(tuple(spans(fates, fate, version_scale)), version_scale, None)}" if partial else ""
        return f"{PHRASES[fate]} in every version tried{where}" if fate else ""
    spans_by_words = ((words, tuple(spans(fates, fate, version_scale))) for fate, words in PHRASES.items() if fate in different)
    return "; ".join(f"{words} {listed(ranges, version_scale, tried[-1])}" for words, ranges in spans_by_words)


def _totals(programs: Sequence[Program]) -> Totals:
    positions = [
        (row, column, compile_)
        for row, program in enumerate(programs)
        for column, compile_ in enumerate(program.compiles)
        if compile_
    ]
    with_figures = [(row, column, compile_.figures) for row, column, compile_ in positions if compile_.figures]
    # Identical programs have all figures in common, the seconds too. Counted each, their one compile weighed several times in
    # the median: six of 31 programs of a measured run had the same 2.105 s. Reversed, so that the first of them is kept.
    distinct = {(programs[row].chip, figures): (row, column) for row, column, figures in reversed(with_figures)}
    timed = [
        (figures.compile_seconds, *position) for (_, figures), position in distinct.items() if figures.compile_seconds is not None
    ]
    worst = max(timed, default=None)
    fates = Counter(compile_.fate for _, _, compile_ in positions)
    return Totals(
        compiled=len(with_figures),
        refused=fates[Fate.REFUSED],
        died=fates[Fate.DIED],
        no_program=fates[Fate.NO_PROGRAM],
        distinct=len(distinct),
        median_seconds=median(seconds for seconds, _, _ in timed) if timed else None,
        worst=Worst(program=worst[1], version=worst[2], seconds=worst[0]) if worst else None,
    )


_Largest: TypeAlias = dict[int, tuple[float, int]]
"""By the version's index: the largest magnitude, and the index of its cell."""


def _agreement(cells: Sequence[CellView], cases: Sequence[CaseView], version_indices: Mapping[str, int]) -> Iterator[Agreement]:
    """Yield the agreement under each way to install in which a case compared results, on any device."""
    by_installation: defaultdict[Installation, dict[str, _Largest]] = defaultdict(lambda: {OWN: {}, SAME: {}})
    for cell_index, cell in enumerate(cells):
        for case in (cases[case_index] for case_index in cell.cases):
            for measurement in case.measured:
                kind = next((kind for kind in (OWN, SAME) if measurement.name.endswith(kind)), None)
                if kind:
                    largest = by_installation[installed(cell.axes)][kind]
                    _keep(largest, version_indices[cell.axes.tensorflow], abs(measurement.value), cell_index)
    indices = version_indices.values()
    for way, kinds in sorted(by_installation.items()):
        own, same = kinds[OWN], kinds[SAME]
        to_look_at = [own.get(index) or same.get(index) for index in indices]
        # Before TensorFlow 2.9 most versions may differ under one of the compilers, so what is usual is taken from the better.
        usual = min((median(value for value, _ in kind.values()) for kind in (own, same) if kind), default=0.0)
        yield Agreement(
            **way.as_arguments(),
            own=tuple(own[index][0] if index in own else None for index in indices),
            own_apart=tuple(index in own and _is_apart(own[index][0], usual) for index in indices),
            same=tuple(same[index][0] if index in same else None for index in indices),
            same_apart=tuple(index in same and _is_apart(same[index][0], usual) for index in indices),
            cells=tuple(difference[1] if difference else None for difference in to_look_at),
        )


def _keep(largest: _Largest, version_index: int, value: float, cell: int) -> None:
    if version_index not in largest or value > largest[version_index][0]:
        largest[version_index] = value, cell


def _is_apart(value: float, usual: float) -> bool:
    return value > NOISE and value > APART * usual
