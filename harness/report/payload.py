"""What the HTML page's script reads: the view with every text stored once, and cells as parallel lists.

    versions       oldest first
    strings        each text once; all other texts are places in here, 0 is the empty one
    installation   {axis: {value: its words, where it doesn't say it by itself}} of the axes that say how to install
    sections       {install, keras, ... as in `installation`, rows: [[tensorflow, python, hub]],
                   columns: [[model, `none` for cells without one, format, device]]}
    cells          parallel lists in the order of the buttons on the page; `verdict` is one letter a cell
    cells.cases    runs of places in `cases`: [first, count, first, count, ...]
    cases          [kind, seconds, cell that ran it or -1, when recorded where reused or 0, [name, number or version, ...]]
    kinds          [case, title, variant, verdict, message, evidence, diagnosis, what to do instead, the case that shows it,
                   1 where that passed here, 0 where not, -1 where none is named, link, outcome,
                   signature, what an older Python made of it]: what cases have in common
    ways           [case, [cell to open or -1, one for each of `versions`]] in the order of the numbered rows of the page
    firstProgram   the number of the first row of the programs for TPU
    figures        {name: [[number or null, one for each of `versions`], or 0, one for each program]}
    names          what a selector may ask about: {name, kind, takes, values: all that there are, null where any may be asked for}
    releases       {version: {rank: its place among all versions here, release: its numbers}}, for comparing
    tasks          {case: what a user comes for}, of cases that are a way to do it
    interfaces     {model: how it takes its inputs}, where that is known
    realms         what each device stands for
    evidence       long texts: places in here, not in `strings`
    diagnoses      {id: [cause, what to do, what shows it]}
    environments   records, with packages as places in `strings`

Private to the page: a program reads `jsonview`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from harness.domain import NO_MODEL, OF_INSTALLATION
from harness.judge.verdict import CellVerdict
from harness.report import selecting
from harness.report.devices import realm
from harness.report.document import CaseView, Program, View, WayTrack
from harness.report.panels import panels, tracks
from harness.report.wording_tpu import SHOWN
from harness.results.format import EnvironmentRecord

LETTERS = {
    CellVerdict.WORKS: "w",
    CellVerdict.PARTLY: "p",
    CellVerdict.FAILS: "f",
    CellVerdict.UNAVAILABLE: "u",
    CellVerdict.NOT_RUN: "n",
}


class _Table:
    """Values numbered as they first come."""

    def __init__(self, *first: Any) -> None:
        self.places: dict[Any, int] = {}
        for value in first:
            self(value)

    def __call__(self, value: Any) -> int:
        return self.places.setdefault(value, len(self.places))

    def values(self) -> list[Any]:
        return list(self.places)


def payload(view: View) -> str:
    """The page's data as JSON that is safe inside a script element."""
    strings, kinds = _Table(""), _Table()
    environments = _Table(*(record.id for record in view.environments))
    places = {cell.id: place for place, cell in enumerate(view.cells)}
    cells = view.cells
    data = {
        "run": view.header.run,
        "command": view.header.command,
        "options": view.header.options,
        "versions": view.versions,
        "installation": {row.name: {value.value: word for value, word in row.words.items()} for row in OF_INSTALLATION},
        "sections": [
            {
                **{row.name: getattr(section, row.name).value for row in OF_INSTALLATION},
                "rows": [[row.tensorflow, row.python, row.hub] for row in section.rows],
                "columns": [[column.model or NO_MODEL, column.format, column.device] for column in section.columns],
            }
            for section in view.sections
        ],
        "cells": {
            "id": [cell.id for cell in cells],
            "environment": [environments(cell.environment) for cell in cells],
            "verdict": "".join(LETTERS[cell.verdict] for cell in cells),
            "unexpected": [place for place, cell in enumerate(cells) if cell.unexpected],
            "words": [strings(cell.words) for cell in cells],
            "status": [strings(cell.status.value if cell.status else "") for cell in cells],
            "trouble": [strings(cell.trouble.value if cell.trouble else "") for cell in cells],
            "message": [strings(cell.message) for cell in cells],
            "evidence": [cell.evidence for cell in cells],
            "diagnosis": {place: cell.diagnosis for place, cell in enumerate(cells) if cell.diagnosis},
            "second": {place: strings(cell.second) for place, cell in enumerate(cells) if cell.second},
            "reused": {place: cell.recorded for place, cell in enumerate(cells) if cell.reused},
            "cases": [_runs(cell.cases) for cell in cells],
        },
        "cases": [_case(case, strings, kinds, places) for case in view.cases],
        "kinds": kinds.values(),
        "ways": [
            *([strings(way.case), _opened(track)] for way, track in tracks(panels(view))),
            *([strings(one.case), [mark.cell if mark else -1 for mark in one.compiles]] for one in view.compiling.programs),
        ],
        "firstProgram": sum(1 for _ in tracks(panels(view))),
        "figures": {name: [_figures(one, name) for one in view.compiling.programs] for name in SHOWN},
        "names": selecting.names(view),
        "releases": selecting.releases(view),
        "tasks": dict(view.tasks),
        "interfaces": {model: interface.value for model, interface in view.interfaces.items()},
        "realms": {one.device.value: realm(one.device).value for one in view.devices},
        "environments": [_environment(record, strings) for record in view.environments],
        "evidence": view.evidence,
        "diagnoses": {one.id: [one.cause, one.do, one.see] for one in view.diagnoses},
        "environmentIds": environments.values(),
        "strings": strings.values(),
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _figures(program: Program, name: str) -> list[float | None] | int:
    """By version; 0 where nothing is known."""
    found = [getattr(one.figures, name) if one and one.figures else None for one in program.compiles]
    return found if any(one is not None for one in found) else 0


def _opened(track: WayTrack) -> list[int]:
    return [mark.cells[0] if mark else -1 for mark in track.marks]


def _case(case: CaseView, strings: _Table, kinds: _Table, places: dict[str, int]) -> list[Any]:
    kind = kinds(
        (
            strings(case.case),
            strings(case.title),
            strings(case.variant),
            case.verdict.value,
            strings(case.message),
            case.evidence,
            case.diagnosis,
            strings(case.instead),
            strings(case.proof),
            {True: 1, False: 0, None: -1}[case.proven],
            strings(case.link),
            case.outcome.value,
            strings(case.signature),
            strings(case.second),
        )
    )
    told = [kind, case.seconds, places.get(case.cell, -1), strings(case.recorded) if case.reused else 0]
    facts = [(one.name, one.value) for one in case.measured] + [(one.name, one.version) for one in case.beside]
    return [*told, [part for name, fact in facts for part in (strings(name), fact)]] if facts else told


def _environment(record: EnvironmentRecord, strings: _Table) -> dict[str, Any]:
    return {
        "id": record.id,
        "status": record.status.value,
        "requirements": record.requirements,
        "excludeNewer": record.exclude_newer,
        "settings": [f"{name}={value}" for name, value in record.settings.items()],
        "python": record.python,
        "lockedOn": record.locked_on,
        "lock": record.lock,
        "packages": [strings(f"{package.name}=={package.version}") for package in record.packages],
        "message": strings(record.message),
        "evidence": record.evidence,
        "reused": record.recorded if record.reused else None,
    }


def _runs(places: Iterable[int]) -> list[int]:
    found: list[int] = []
    for place in places:
        if found and found[-2] + found[-1] == place:
            found[-1] += 1
        else:
            found += [place, 1]
    return found
