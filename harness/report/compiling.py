"""Programs that were compiled for TPU, from the cells of chips: which compile, what they need, how long it took. Pure.

The figures come by the names that cases give them (`record_property`): those of `Figures`, behind a note where one case has
several programs. Refused and died are told by the exception of the case.
"""

from __future__ import annotations

from collections import defaultdict
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
"""What the order of additions may do to a number near 1, in float32."""
OWN, SAME = "drift_own_xla", "drift_same_program"
RAISED: Final = {"Refused": Fate.REFUSED, "Died": Fate.DIED}
PHRASES: Final = {
    Fate.COMPILED: "compiles",
    Fate.REFUSED: "refused",
    Fate.DIED: "ends the compiler",
    Fate.NO_PROGRAM: "fails before there is a program",
    Fate.HELD: "as expected",
    Fate.UNLIKE: "not as the case says",
    Fate.SKIPPED: "skipped",
}

_Notes: TypeAlias = Mapping[str, Figures]


@dataclass(frozen=True, slots=True, kw_only=True)
class _ProgramKey:
    case: str
    variant: str
    note: str
    model: str
    chip: Device
    installed: Installation


def compiling(
    cells: Sequence[CellView],
    cases: Sequence[CaseView],
    environments: Mapping[str, EnvironmentRecord],
    uses: Mapping[str, frozenset[Axis]],
    versions: Sequence[str],
) -> Compiling:
    """All programs of the cells of chips, in the order of cases, models and chips."""
    column = {version: place for place, version in enumerate(versions)}
    found: dict[_ProgramKey, dict[int, Compile]] = {}
    for place, cell in enumerate(cells):
        if realm(cell.axes.device) is Realm.CHIP:
            environment = environments.get(cell.environment)
            why = reason(cell, environment.status if environment else None)
            for one in cell.cases:
                for note, compile_ in _compiles(cases[one], cell.axes.device, why, place):
                    name = _name(cases[one], note, cell, uses.get(cases[one].case, frozenset()))
                    found.setdefault(name, {}).setdefault(column[cell.axes.tensorflow], compile_)
    _without_note_where_notes_are(found)
    titles = {case.case: case.title for case in cases}
    shown = scale(versions)
    found = {name: compiles for name, compiles in found.items() if _tells({one.fate for one in compiles.values()})}
    order = sorted(found, key=lambda name: (name.case, name.variant, name.note, name.model, list(Device).index(name.chip)))
    programs = tuple(_program(name, titles[name.case], found[name], shown) for name in order)
    return Compiling(programs=programs, totals=_totals(programs), agreement=tuple(_agreement(cells, cases, column)))


def _tells(fates: set[Fate]) -> bool:
    """Whether it is about a program: a case that only passes has none, or says nothing of it."""
    return bool(fates & {Fate.COMPILED, Fate.REFUSED, Fate.DIED}) or (
        Fate.NO_PROGRAM in fates and fates.isdisjoint({Fate.HELD, Fate.UNLIKE})
    )


def _compiles(case: CaseView, chip: Device, why: State, cell: int) -> Iterator[tuple[str, Compile]]:
    """The programs of one case that were compiled, and what ended it, if anything did: that has no note."""
    known = _figures(case, chip)
    for note, figures in known.items():
        yield note, Compile(fate=Fate.COMPILED, message="", figures=figures, cell=cell)
    fate, message = _fate(case, why)
    if not known or fate in (Fate.REFUSED, Fate.DIED):
        yield "", Compile(fate=fate, message=message, figures=None, cell=cell)


def _figures(case: CaseView, chip: Device) -> _Notes:
    """By the note. What the chip has is no finding of the compiler's, so cases need not record it."""
    chip_bytes = float(CHIPS[chip.value.removeprefix("tpu-")].device_bytes)
    notes: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for one in case.measured:
        if named := figure(one.name):
            notes[named[0]][named[1]] = one.value
    return {note: Figures(**{"chip_bytes": chip_bytes, **values}) for note, values in notes.items()}


def _fate(case: CaseView, why: State) -> tuple[Fate, str]:
    """Return what became of a program without figures, and the words of what ended it. A case that checks something else has none.

    The fixture `compiled` raises `Refused` with the compiler's words, and `Died` where a program ended the compiler. Another
    failure came before there was a program, but for an assertion: that is made of what was compiled.
    """
    if case.kind == "AssertionError":
        return (Fate.HELD, "") if case.verdict in GOOD else (Fate.UNLIKE, case.message)
    if fate := RAISED.get(case.kind):
        return fate, case.message.partition(": ")[2]
    state = state_of(case.verdict, why)
    match state:
        case State.PASSED | State.UNEXPECTED:
            return Fate.HELD, ""
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


def _without_note_where_notes_are(found: dict[_ProgramKey, dict[int, Compile]]) -> None:
    """What ended a case before any of its programs was compiled holds for all that it has elsewhere."""
    noted = defaultdict(list)
    for name in found:
        if name.note:
            noted[name.case, name.variant, name.model, name.chip, name.installed].append(name)
    for name in [one for one in found if not one.note]:
        others = noted.get((name.case, name.variant, name.model, name.chip, name.installed), ())
        if others and all(one.figures is None for one in found[name].values()):
            ended = found.pop(name)
            for other in others:
                found[other] = ended | found[other]


def _name(case: CaseView, note: str, cell: CellView, uses: frozenset[Axis]) -> _ProgramKey:
    model = cell.axes.model if Axis.MODEL in uses else ""
    return _ProgramKey(
        case=case.case, variant=case.variant, note=note, model=model, chip=cell.axes.device, installed=installed(cell.axes)
    )


def _program(name: _ProgramKey, title: str, compiles: Mapping[int, Compile], shown: Scale) -> Program:
    marks = tuple(compiles.get(place) for place in range(len(shown.labels)))
    return Program(
        case=name.case,
        title=title,
        variant=name.variant,
        note=name.note,
        model=name.model,
        chip=name.chip,
        **name.installed.as_arguments(),
        compiles=marks,
        phrase=_phrase([one.fate if one else None for one in marks], shown),
    )


def _phrase(fates: Sequence[Fate | None], shown: Scale) -> str:
    """`compiles 2.1–2.21; refused in 2.0`."""
    here = [place for place, fate in enumerate(fates) if fate in PHRASES]
    told = {fates[place] for place in here}
    if not here:
        return "not tried"
    if len(told) == 1 and len(here) > 1:
        (fate,) = told
        where = f", {listed(tuple(spans(fates, fate, shown)), shown, None)}" if len(here) < len(fates) else ""
        return f"{PHRASES[fate]} in every version tried{where}" if fate else ""
    said = ((words, tuple(spans(fates, fate, shown))) for fate, words in PHRASES.items() if fate in told)
    return "; ".join(f"{words} {listed(places, shown, here[-1])}" for words, places in said)


def _totals(programs: Sequence[Program]) -> Totals:
    every = [(row, column, one) for row, program in enumerate(programs) for column, one in enumerate(program.compiles) if one]
    figures = [(row, column, one.figures) for row, column, one in every if one.figures]
    distinct = {(programs[row].chip, one): (row, column) for row, column, one in reversed(figures)}
    timed = [(one.compile_seconds, *at) for (_, one), at in distinct.items() if one.compile_seconds is not None]
    worst = max(timed, default=None)
    return Totals(
        compiled=len(figures),
        refused=sum(one.fate is Fate.REFUSED for _, _, one in every),
        died=sum(one.fate is Fate.DIED for _, _, one in every),
        no_program=sum(one.fate is Fate.NO_PROGRAM for _, _, one in every),
        distinct=len(distinct),
        median_seconds=median(seconds for seconds, _, _ in timed) if timed else None,
        worst=Worst(program=worst[1], version=worst[2], seconds=worst[0]) if worst else None,
    )


_Largest: TypeAlias = dict[int, tuple[float, int]]
"""By the place of the version: the largest magnitude, and its cell."""


def _agreement(cells: Sequence[CellView], cases: Sequence[CaseView], column: Mapping[str, int]) -> Iterator[Agreement]:
    """One for each way to install in which anything was compared, on any device."""
    found: defaultdict[Installation, dict[str, _Largest]] = defaultdict(lambda: {OWN: {}, SAME: {}})
    for place, cell in enumerate(cells):
        for one in cell.cases:
            for measured in cases[one].measured:
                kind = next((kind for kind in (OWN, SAME) if measured.name.endswith(kind)), None)
                if kind:
                    _keep(found[installed(cell.axes)][kind], column[cell.axes.tensorflow], abs(measured.value), place)
    for way, kinds in sorted(found.items()):
        own, same = kinds[OWN], kinds[SAME]
        both = [own.get(place) or same.get(place) for place in column.values()]
        usual = min((median(value for value, _ in kind.values()) for kind in (own, same) if kind), default=0.0)
        yield Agreement(
            **way.as_arguments(),
            own=tuple(own[place][0] if place in own else None for place in column.values()),
            own_apart=tuple(place in own and _is_apart(own[place][0], usual) for place in column.values()),
            same=tuple(same[place][0] if place in same else None for place in column.values()),
            same_apart=tuple(place in same and _is_apart(same[place][0], usual) for place in column.values()),
            cells=tuple(one[1] if one else None for one in both),
        )


def _keep(largest: _Largest, place: int, value: float, cell: int) -> None:
    if place not in largest or value > largest[place][0]:
        largest[place] = value, cell


def _is_apart(value: float, usual: float) -> bool:
    return value > NOISE and value > APART * usual
