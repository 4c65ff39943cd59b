"""From a results file to what people read: the site, a run's summary, and the joined results of `hubmatrix results`."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from rich.console import RenderableType

from harness import catalog
from harness.base.files import write_atomically
from harness.base.workspace import Workspace
from harness.commands.plan import Made, claims, interfaces
from harness.domain import Axes, Case, Outcome, Status, Trouble
from harness.judge import selected
from harness.judge.claims import Document, judge
from harness.judge.declarations import Declared, compiled
from harness.judge.judgement import judge_run
from harness.judge.selected import Selected
from harness.matrix import load_spec
from harness.matrix.selector import Context, compile_selector
from harness.results import store
from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord, Header

NAMES = ("index.html", "report.md", "report.json")
STAMP = ".rendered"
DOCS = {"tpu.html": "docs/tpu.md", "sizes.html": "docs/tpu-sizes.md"}
"""Pages of the project's docs that are pages of the site as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The last words of a run."""

    results: Path
    page: Path | None
    cells: Mapping[str, int]
    reused: int
    seconds: float | None

    def as_json(self) -> dict[str, Any]:
        return {
            "format": 1,
            "results": str(self.results),
            "page": str(self.page) if self.page else None,
            "cells": dict(self.cells),
            "reused_cells": self.reused,
        }

    def as_text(self) -> str:
        total = sum(self.cells.values())
        told = ", ".join(f"{count} {status}" for status, count in sorted(self.cells.items()))
        lines = [f"{total} cells: {told or 'none'} ({self.reused} reused)", f"results  {self.results}"]
        return "\n".join([*lines, f"report   {self.page}"] if self.page else lines)


def render(place: Workspace, results: Path, made: Made | None) -> tuple[Path, ...]:
    """Every format of the report, below reports/site."""
    from harness.report import html, jsonview, markdown  # pandas takes a second to import
    from harness.report.view import view

    run, cases, documents = _read(place, results, made)
    known = interfaces(place)
    judgements = judge_run(run, cases, _declared(place, made, cases), known)
    shown = view(
        run,
        {case.id: case.title for case in cases},
        made.plan.cells if made else (),
        judge(documents, store.first_opinions(run), known, judgements),
        judgements,
        interfaces=known,
        tasks=tasks_of(cases),
    )
    for name, page in _pages(place):
        _write(place.site / name, page)
    beside = _beside(place)
    texts = (html.render(shown, beside), markdown.render(shown), jsonview.render(shown))
    paths = tuple(_write(place.site / name, text) for name, text in zip(NAMES, texts, strict=True))
    _write(place.site / STAMP, _stamp(run, cases, documents, beside, _docs(place)))
    return paths


def shown(place: Workspace, results: Path) -> RenderableType:
    """The report for a terminal."""
    from harness.report import terminal
    from harness.report.view import view

    run, cases, documents = _read(place, results, None)
    known = interfaces(place)
    judgements = judge_run(run, cases, _declared(place, None, cases), known)
    titles = {case.id: case.title for case in cases}
    return terminal.render(view(run, titles, (), judge(documents, store.first_opinions(run), known, judgements), judgements))


def _declared(place: Workspace, made: Made | None, cases: Sequence[Case]) -> Declared:
    """Return the declarations of the plan's cases, or of those that are here now."""
    if made:
        return made.declared
    return compiled(cases, load_spec(place.matrix).vocabulary() if place.matrix.is_file() else {})


def _read(place: Workspace, results: Path, made: Made | None) -> tuple[store.Run, Sequence[Case], Sequence[Document]]:
    """A run, second opinions included, and what it is told with: the cases and documents of its plan, or those that are here."""
    cases = made.cases if made else catalog.read(place.cases)
    return store.read_run(results), cases, made.documents if made else claims(place, cases)


def render_if_changed(place: Workspace, results: Path, made: Made) -> tuple[Path, ...]:
    """The same; where the site shows these very results already, it stays as it is."""
    paths = tuple(place.site / name for name in NAMES)
    stamp = place.site / STAMP
    shown = all(path.is_file() for path in (*paths, stamp)) and stamp.read_text() == _stamp(
        store.read_run(results), made.cases, made.documents, _beside(place), _docs(place)
    )
    return paths if shown else render(place, results, made)


def _pages(place: Workspace) -> Iterator[tuple[str, str]]:
    """The pages of the site that are pages of the project's docs."""
    from harness.report import prose

    for name, path in DOCS.items():
        if (place.root / path).is_file():
            folder = os.path.relpath((place.root / path).parent, place.site)
            yield name, prose.render((place.root / path).read_text(encoding="utf-8"), folder)


def _beside(place: Workspace) -> tuple[str, ...]:
    """Other pages of the site: those of `_pages`, and what `hubmatrix reproduce` writes."""
    return tuple(path.name for path in sorted(place.site.glob("*.html")) if path.name not in NAMES)


def _docs(place: Workspace) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8") for path in (place.root / one for one in DOCS.values()) if path.is_file())


def _stamp(
    run: store.Run, cases: Sequence[Case], documents: Sequence[Document], beside: tuple[str, ...], docs: tuple[str, ...]
) -> str:
    """Digest of what a report shows and of the code that draws it; when and in which run it was reused doesn't count."""
    volatile = {"reused", "recorded", "run"}
    records = [record.model_dump_json(exclude=volatile) for record in (*run.environments, *run.cases, *run.cells)]
    sources = sorted(path for path in (Path(__file__).parent.parent / "report").rglob("*.*") if path.suffix != ".pyc")
    code = [(path.name, path.stat().st_mtime_ns) for path in sources]
    facts = [
        sorted(records),
        run.header.planned_cells,
        run.footer is None,
        [[case.title, repr(case.declarations)] for case in cases],
        repr(documents),
        beside,
        docs,
        code,
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def summary(place: Workspace, results: Path, rendered: tuple[Path, ...]) -> Summary:
    """Counted from the results file."""
    run = store.first_opinions(store.read_run(results))
    counts = Counter(_state(record) for record in run.cells)
    page = next((path for path in rendered if path.suffix == ".html"), None)
    reused = sum(record.reused for record in run.cells)
    return Summary(
        results=_short(place, results), page=_short(place, page) if page else None, cells=counts, reused=reused, seconds=None
    )


class CaseResult(BaseModel):
    """A case that bears on a cell. `record` is None where it did not run."""

    model_config = ConfigDict(frozen=True)

    case: str
    outcome: Outcome
    record: CaseRecord | None


class CellResult(BaseModel):
    """A cell with everything that is known of it."""

    model_config = ConfigDict(frozen=True)

    id: str
    axes: Axes
    status: Status
    trouble: Trouble | None
    message: str
    evidence: str
    reused: bool
    environment: str
    python: str | None
    lock: str | None
    cases: tuple[CaseResult, ...]


class Joined(BaseModel):
    """`hubmatrix results --json`. Format 2: a case's record has `measured`."""

    model_config = ConfigDict(frozen=True)

    format: int = 2
    run: Header
    cut_off: bool
    environments: tuple[EnvironmentRecord, ...]
    cells: tuple[CellResult, ...]


def select(place: Workspace, run: store.Run, text: str) -> tuple[Selected, ...]:
    """Return the cells and cases of a run that a selector means. SelectionError for what is wrong with its text."""
    if not text.strip():
        return selected.select(run, compile_selector(text, Context.RESULT), {}, {}, {})
    spec = load_spec(place.matrix) if place.matrix.is_file() else None
    vocabulary = spec.vocabulary() if spec else {}
    known = spec.interfaces() if spec else {}
    selector = compile_selector(text, Context.RESULT, selected.vocabulary(run, vocabulary))
    # The cases are read from their sources: only where something that they say is asked about.
    cases = () if selector.names.isdisjoint({"task", "verdict"}) else catalog.read(place.cases)
    judgements = judge_run(run, cases, compiled(cases, vocabulary), known) if "verdict" in selector.names else {}
    return selected.select(run, selector, known, tasks_of(cases), judgements)


def tasks_of(cases: Iterable[Case]) -> dict[str, str]:
    """Return what a user comes for, by the case that is a way to do it."""
    return {case.id: case.way.task.value for case in cases if case.way}


def joined(run: store.Run, selected: Sequence[Selected]) -> Joined:
    """Return the selected cells, each with its environment's record and those of its cases that were selected."""
    environments = {record.id: record for record in run.environments}
    cells = tuple(_cell(each, environments.get(each.cell.environment)) for each in selected)
    return Joined(run=run.header, cut_off=run.footer is None, environments=run.environments, cells=cells)


def results_text(shown: Joined) -> str:
    """A line a cell, and one for each case that did not pass."""
    lines = []
    for cell in shown.cells:
        counts = Counter(case.outcome.value for case in cell.cases)
        told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
        lines.append(f"{cell.id}: {cell.status.value}{f': {cell.message}' if cell.message else ''} ({told})")
        for case in cell.cases:
            if case.record and case.outcome not in (Outcome.PASSED, Outcome.NOT_APPLICABLE, Outcome.SKIPPED):
                first = case.record.message.partition("\n")[0]
                lines.append(
                    f"    {case.outcome.value} {case.case}{f'[{case.record.variant}]' if case.record.variant else ''}: {first}"
                )
    return "\n".join(lines)


def _cell(selected: Selected, environment: EnvironmentRecord | None) -> CellResult:
    record = selected.cell
    cases = (
        CaseResult(case=case, outcome=measured.outcome if measured else Outcome.NOT_RUN, record=measured)
        for case, measured in selected.cases
    )
    return CellResult(
        id=record.id,
        axes=record.axes,
        status=record.status,
        trouble=record.trouble,
        message=record.message,
        evidence=record.evidence,
        reused=record.reused,
        environment=record.environment,
        python=environment.python if environment else None,
        lock=environment.lock if environment else None,
        cases=tuple(cases),
    )


def _state(record: CellRecord) -> str:
    return f"{record.status.value} ({record.trouble.value})" if record.trouble else record.status.value


def _short(place: Workspace, path: Path) -> Path:
    return path.relative_to(place.root) if path.is_relative_to(place.root) else path


def _write(path: Path, text: str) -> Path:
    write_atomically(path, text)
    return path
