"""`hubmatrix reproduce`: the list, running what is not known of it, and the table on screen and beside the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.base.files import write_atomically
from harness.base.workspace import Workspace
from harness.matrix import Spec, load_spec
from harness.run.machine import Machine, this_machine
from harness.studies.reported import html, journal, markdown, reader, view
from harness.studies.reported.choose import choose, compile_choice
from harness.studies.reported.engine import ReproduceOptions, ReproduceWatcher, reproduce
from harness.studies.reported.journal import ObservedRecord
from harness.studies.reported.model import Reported
from harness.studies.reported.perform import definition
from harness.studies.reported.verdict import ReportVerdict

NAMES = ("reported.html", "reported.md", "reported.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenReports:
    """The whole list, and what a user wants of it."""

    spec: Spec
    every: tuple[Reported, ...]
    reported: tuple[Reported, ...]


def select(workspace: Workspace, ids: Sequence[str], text: str = "") -> ChosenReports:
    """Read the list, and choose by ids and a selector.

    Raises:
        SpecError: something is wrong in the list.
        SelectionError: nothing is selected, or there is no such id, or the selector can't be read.
    """
    spec = load_spec(workspace.matrix)
    every = reader.load(workspace.reported, spec.releases)
    selector = compile_choice(text, every)
    return ChosenReports(spec=spec, every=every, reported=choose(every, ids, selector, partial(_verdicts, workspace, spec)))


def machine(workspace: Workspace, chosen: ChosenReports, jobs: int | None = None) -> Machine:
    """Look at this machine. `jobs` None: as many reports at once as cores and memory allow."""
    return this_machine(workspace, chosen.spec.limits, jobs)


def run(machine: Machine, chosen: ChosenReports, options: ReproduceOptions, watcher: ReproduceWatcher) -> None:
    """Run what is not known yet."""
    reproduce(chosen.reported, machine, options, watcher)


def table(machine: Machine, chosen: ChosenReports, *, every: bool = False) -> view.ReportsTable:
    """Return what is known of the chosen reports, or of all."""
    shown = chosen.every if every else chosen.reported
    return view.table(shown, _newest(machine, shown))


def render(place: Workspace, shown: view.ReportsTable) -> tuple[Path, ...]:
    """The pages beside the report."""
    texts = (html.render(shown), markdown.render(shown), view.as_json(shown))
    paths = tuple(place.site / name for name in NAMES)
    for path, text in zip(paths, texts, strict=True):
        write_atomically(path, text)
    return paths


def _verdicts(workspace: Workspace, spec: Spec, reported: Sequence[Reported]) -> Mapping[str, ReportVerdict]:
    """Return the verdict on each report, by its id, from what is known of it."""
    machine = this_machine(workspace, spec.limits, None)
    return {line.id: line.verdict for line in view.table(reported, _newest(machine, reported)).reported}


def _newest(machine: Machine, reported: Sequence[Reported]) -> Mapping[str, ObservedRecord]:
    """Return the newest record of what each reproduction asks for now, by its name; several may ask for the same."""
    definitions = {run.name: definition(machine, run) for report in reported for run in report.reproductions}
    records = {record.definition: record for record in journal.read(machine.workspace.observed)}
    return {name: records[asked] for name, asked in definitions.items() if asked in records}
