"""`hubmatrix reproduce`: choose reports of the list, run those that have no result yet, and write the table's pages."""

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
from harness.studies.reported.choose import compile_choice, filter_reports
from harness.studies.reported.engine import ReproduceOptions, ReproduceWatcher, reproduce
from harness.studies.reported.journal import ReproductionRecord
from harness.studies.reported.model import UserReport
from harness.studies.reported.perform import definition
from harness.studies.reported.verdict import ReportVerdict

NAMES = ("reported.html", "reported.md", "reported.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenReports:
    """The whole list of reports, and those that a user chose."""

    spec: Spec
    all_reports: tuple[UserReport, ...]
    selected: tuple[UserReport, ...]


def choose_reports(workspace: Workspace, ids: Sequence[str], text: str = "") -> ChosenReports:
    """Read the list of reports, and choose by ids and a selector.

    Raises:
        SpecError: matrix.yaml or the list isn't valid.
        SelectionError: nothing is selected, an id is unknown, or the selector isn't valid.
    """
    spec = load_spec(workspace.matrix)
    all_reports = reader.load_reports(workspace.reported, spec.releases)
    selector = compile_choice(text, all_reports)
    return ChosenReports(
        spec=spec, all_reports=all_reports, selected=filter_reports(all_reports, ids, selector, partial(_verdicts, workspace, spec))
    )


def machine(workspace: Workspace, chosen: ChosenReports, jobs: int | None = None, *, fence: bool = True) -> Machine:
    """Inspect this machine. `jobs` is how many reports run at once; None for as many as cores and memory allow."""
    return this_machine(workspace, chosen.spec.limits, jobs, fence=fence)


def run_reproductions(machine: Machine, chosen: ChosenReports, options: ReproduceOptions, watcher: ReproduceWatcher) -> None:
    """Run the reproductions that have no result yet. Raises Interrupted on Ctrl-C, with all results so far kept."""
    reproduce(chosen.selected, machine, options, watcher)


def reports_table(machine: Machine, chosen: ChosenReports, *, every: bool = False) -> view.ReportsTable:
    """Return the table of the chosen reports, or of all, from the results so far."""
    reports = chosen.all_reports if every else chosen.selected
    return view.build_table(reports, _newest(machine, reports))


def render_pages(workspace: Workspace, table: view.ReportsTable) -> tuple[Path, ...]:
    """Write the table as HTML, Markdown and JSON beside the report, and return the paths in this order."""
    texts = (html.render(table), markdown.render(table), view.table_json(table))
    paths = tuple(workspace.site / name for name in NAMES)
    for path, text in zip(paths, texts, strict=True):
        write_atomically(path, text)
    return paths


def _verdicts(workspace: Workspace, spec: Spec, reports: Sequence[UserReport]) -> Mapping[str, ReportVerdict]:
    """Return the verdict on each report, by its id, from the results so far."""
    machine = this_machine(workspace, spec.limits, None)
    return {line.id: line.verdict for line in view.build_table(reports, _newest(machine, reports)).reported}


def _newest(machine: Machine, reports: Sequence[UserReport]) -> Mapping[str, ReproductionRecord]:
    """Return the newest record with the present definition of each reproduction, by the reproduction's name."""
    # By digest of the definition, not by name: an edited reproduction has no result yet, and two equal ones share theirs.
    definitions = {
        reproduction.name: definition(machine, reproduction) for report in reports for reproduction in report.reproductions
    }
    records = {record.definition: record for record in journal.read_journal(machine.workspace.observed)}
    return {name: records[digest] for name, digest in definitions.items() if digest in records}
