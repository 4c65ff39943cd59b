"""Pack the view for the HTML page's script: every text stored once, and cells as parallel lists.

    versions       oldest first
    strings        each text once; all other texts are indices into it, 0 is the empty text
    installation   {axis: {value: its words; empty where the value says it by itself}} of the axes that say how to install
    sections       {install, keras, ... as in `installation`, rows: [[tensorflow, python, hub]],
                   columns: [[model, `none` for cells without one, format, device]]}
    cells          parallel lists in the order of the buttons on the page; `verdict` is one letter a cell
    cells.cases    runs of indices into `cases`: [first, count, first, count, ...]
    cases          [kind, seconds, cell that ran it or -1, when recorded where reused or 0, [name, number or version, ...]]
    kinds          [case, title, variant, verdict, message, evidence, diagnosis, what to do instead, the case that shows it,
                   1 where that passed here, 0 where not, -1 where none is named, link, outcome,
                   signature, how it ended on an older Python]: what cases have in common
    ways           [case, [cell to open or -1, for each of `versions`]] in the order of the numbered rows of the page
    firstProgram   the number of the first row of the programs for TPU
    figures        {name: [[number or null, for each of `versions`] or 0, for each program]}
    names          the names that a selector may use: {name, kind, takes, values: all that there are, null where any may be given}
    releases       {version: {rank: its position among all versions of the page, release: its numbers}}, for comparing
    tasks          {case: the user's task}, of cases that are a way to do it
    interfaces     {model: how it takes its inputs}, where that is known
    realms         {device: its realm, as in `devices.Realm`}
    evidence       long texts, referred to by indices into this list, not into `strings`
    diagnoses      {id: [cause, what to do, what shows it]}
    environments   records, with packages as indices into `strings`

Private to the page: programs read `jsonview`.
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
from harness.report.wording_tpu import FIGURE_NAMES
from harness.results.format import EnvironmentRecord

LETTERS = {
    CellVerdict.WORKS: "w",
    CellVerdict.PARTLY: "p",
    CellVerdict.FAILS: "f",
    CellVerdict.UNAVAILABLE: "u",
    CellVerdict.NOT_RUN: "n",
}


class _Table:
    """Values, numbered in the order in which they first appear."""

    def __init__(self, *first: Any) -> None:
        self._numbers: dict[Any, int] = {}
        for value in first:
            self(value)

    def __call__(self, value: Any) -> int:
        return self._numbers.setdefault(value, len(self._numbers))

    def values(self) -> list[Any]:
        return list(self._numbers)


def payload(view: View) -> str:
    """Return the page's data as JSON that is safe inside a script element."""
    # Each text, and what cases have in common, is stored once: 20,160 cells are 6.5 MB of page so (docs/measured.md).
    strings, kinds = _Table(""), _Table()
    environments = _Table(*(record.id for record in view.environments))
    cells = view.cells
    cell_indices = {cell.id: index for index, cell in enumerate(cells)}
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
            "unexpected": [index for index, cell in enumerate(cells) if cell.unexpected],
            "words": [strings(cell.words) for cell in cells],
            "status": [strings(cell.status.value if cell.status else "") for cell in cells],
            "trouble": [strings(cell.trouble.value if cell.trouble else "") for cell in cells],
            "message": [strings(cell.message) for cell in cells],
            "evidence": [cell.evidence for cell in cells],
            "diagnosis": {index: cell.diagnosis for index, cell in enumerate(cells) if cell.diagnosis},
            "second": {index: strings(cell.second) for index, cell in enumerate(cells) if cell.second},
            "reused": {index: cell.recorded for index, cell in enumerate(cells) if cell.reused},
            "cases": [_runs(cell.cases) for cell in cells],
        },
        "cases": [_case(case, strings, kinds, cell_indices) for case in view.cases],
        "kinds": kinds.values(),
        "ways": [
            *([strings(way.case), _cells_to_open(track)] for way, track in tracks(panels(view))),
            *(
                [strings(program.case), [compile_.cell if compile_ else -1 for compile_ in program.compiles]]
                for program in view.compiling.programs
            ),
        ],
        "firstProgram": sum(1 for _ in tracks(panels(view))),
        "figures": {name: [_figures(program, name) for program in view.compiling.programs] for name in FIGURE_NAMES},
        "names": selecting.names(view),
        "releases": selecting.releases(view),
        "tasks": dict(view.tasks),
        "interfaces": {model: interface.value for model, interface in view.interfaces.items()},
        "realms": {count.device.value: realm(count.device).value for count in view.devices},
        "environments": [_environment(record, strings) for record in view.environments],
        "evidence": view.evidence,
        "diagnoses": {diagnosis.id: [diagnosis.cause, diagnosis.do, diagnosis.see] for diagnosis in view.diagnoses},
        "environmentIds": environments.values(),
        "strings": strings.values(),
    }
    # Inside a script element `</script>` and `<!--` mean something even in a string: escaped, they stay text.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _figures(program: Program, name: str) -> list[float | None] | int:
    """Return a figure of a program by version; 0 if it is known for none."""
    values = [getattr(compile_.figures, name) if compile_ and compile_.figures else None for compile_ in program.compiles]
    return values if any(value is not None for value in values) else 0


def _cells_to_open(track: WayTrack) -> list[int]:
    return [mark.cells[0] if mark else -1 for mark in track.marks]


def _case(case: CaseView, strings: _Table, kinds: _Table, cell_indices: dict[str, int]) -> list[Any]:
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
    # A reused case may have been run in a cell that this run doesn't have.
    entry = [kind, case.seconds, cell_indices.get(case.cell, -1), strings(case.recorded) if case.reused else 0]
    facts: list[tuple[str, float | str]] = [(measurement.name, measurement.value) for measurement in case.measured]
    facts += [(package.name, package.version) for package in case.beside]
    return [*entry, [part for name, fact in facts for part in (strings(name), fact)]] if facts else entry


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


def _runs(indices: Iterable[int]) -> list[int]:
    """Return indices as runs of neighbours: `[first, count, first, count, ...]`."""
    runs: list[int] = []
    for index in indices:
        if runs and runs[-2] + runs[-1] == index:
            runs[-1] += 1
        else:
            runs += [index, 1]
    return runs
