"""From a run to what people read: the site, a run's summary, and the document of `hubmatrix results`."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich.console import RenderableType

from harness import catalog
from harness.base.files import write_atomically
from harness.base.memo import code_digest
from harness.base.workspace import Workspace
from harness.commands.plan import RunPlan, model_interfaces, read_documents
from harness.commands.site import DOCS, NAMES, STAMP, Summary, docs_texts, pages_beside
from harness.domain import Axes, Case, Outcome, Status, Trouble
from harness.judge import selected
from harness.judge.claims import ClaimsDocument, judge
from harness.judge.declarations import Declared, compiled
from harness.judge.judgement import judge_run
from harness.judge.selected import SelectedCell
from harness.matrix import load_spec
from harness.matrix.selector import Context, compile_selector
from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord, Header
from harness.results.run import Run, first_opinions


def render_site(workspace: Workspace, run: Run, run_plan: RunPlan | None) -> tuple[Path, ...]:
    """Write every format of the report below reports/site, and return the paths.

    Args:
        workspace: the project.
        run: as recorded, with its second opinions.
        run_plan: the plan that was run; None to take the cases and claims as they are now, without the plan's other cells.

    Raises:
        SpecError: claims or declarations of cases aren't valid.
    """
    from harness.report import html, jsonview, markdown  # pandas takes a second to import
    from harness.report.view import view

    cases, documents = _read(workspace, run_plan)
    interfaces = model_interfaces(workspace)
    judgements = judge_run(run, cases, _declared(workspace, run_plan, cases), interfaces)
    # Claims are about the matrix, so they are judged without the environments that were added for second opinions.
    report_view = view(
        run,
        {case.id: case.title for case in cases},
        run_plan.plan.cells if run_plan else (),
        judge(documents, first_opinions(run), interfaces, judgements),
        judgements,
        interfaces=interfaces,
        tasks=tasks_of(cases),
    )
    for name, page in _pages(workspace):
        _write(workspace.site / name, page)
    beside = pages_beside(workspace)
    texts = (html.render(report_view, beside), markdown.render(report_view), jsonview.render(report_view))
    paths = tuple(_write(workspace.site / name, text) for name, text in zip(NAMES, texts, strict=True))
    # Last, so that a rendering that was cut off is not taken for a complete one.
    _write(workspace.site / STAMP, _stamp(run, cases, documents, beside, docs_texts(workspace)))
    return paths


def render_terminal(workspace: Workspace, run: Run) -> RenderableType:
    """Return the report for a terminal. Raises the errors of `render_site`."""
    from harness.report import terminal
    from harness.report.view import view

    cases, documents = _read(workspace, None)
    interfaces = model_interfaces(workspace)
    judgements = judge_run(run, cases, _declared(workspace, None, cases), interfaces)
    titles = {case.id: case.title for case in cases}
    return terminal.render(view(run, titles, (), judge(documents, first_opinions(run), interfaces, judgements), judgements))


def _declared(workspace: Workspace, run_plan: RunPlan | None, cases: Sequence[Case]) -> Declared:
    """Return the declarations of the plan's cases; without a plan, those of the given cases."""
    if run_plan:
        return run_plan.declared
    return compiled(cases, load_spec(workspace.matrix).vocabulary() if workspace.matrix.is_file() else {})


def _read(workspace: Workspace, run_plan: RunPlan | None) -> tuple[Sequence[Case], Sequence[ClaimsDocument]]:
    """Return the cases and documents of a plan; without a plan, the current ones."""
    cases = run_plan.cases if run_plan else catalog.read_cases(workspace.cases, workspace.memo)
    return cases, run_plan.documents if run_plan else read_documents(workspace, cases)


def render_site_if_changed(workspace: Workspace, run: Run, run_plan: RunPlan) -> tuple[Path, ...]:
    """Render the site unless it shows these very results already; return the paths either way."""
    # Of the 4.3 s that `nox -s matrix` took with nothing changed, 1.6 s were pandas and a page with the same results.
    paths = tuple(workspace.site / name for name in NAMES)
    stamp = workspace.site / STAMP
    is_current = all(path.is_file() for path in (*paths, stamp)) and stamp.read_text() == _stamp(
        run, run_plan.cases, run_plan.documents, pages_beside(workspace), docs_texts(workspace)
    )
    return paths if is_current else render_site(workspace, run, run_plan)


def _pages(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Yield the name and HTML of each page that is rendered from the project's docs."""
    from harness.report import prose

    for name, path in DOCS.items():
        if (workspace.root / path).is_file():
            folder = os.path.relpath((workspace.root / path).parent, workspace.site)
            yield name, prose.render((workspace.root / path).read_text(encoding="utf-8"), folder)


def _stamp(
    run: Run, cases: Sequence[Case], documents: Sequence[ClaimsDocument], beside: tuple[str, ...], docs: tuple[str, ...]
) -> str:
    """Return a digest of all that a report shows and of the code that renders it.

    The run and time of a record don't count, so a run that reuses every result leaves the site as it is.
    """
    volatile = {"reused", "recorded", "run"}
    records = [record.model_dump_json(exclude=volatile) for record in (*run.environments, *run.cases, *run.cells)]
    facts = [
        sorted(records),
        run.header.planned_cells,
        run.footer is None,
        [[case.title, repr(case.declarations)] for case in cases],
        repr(documents),
        beside,
        docs,
        code_digest("report"),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def summary(workspace: Workspace, run: Run, rendered: tuple[Path, ...]) -> Summary:
    """Count the cells of a run by status, second opinions aside. `rendered`: the report's paths, if any."""
    run = first_opinions(run)
    counts = Counter(_state(record) for record in run.cells)
    page = next((path for path in rendered if path.suffix == ".html"), None)
    reused = sum(record.reused for record in run.cells)
    return Summary(
        run=run.header.run,
        page=_short(workspace, page) if page else None,
        cells=counts,
        reused=reused,
        seconds=None,
    )


class CaseResult(BaseModel):
    """A case that bears on a cell. `record` is None if it did not run."""

    model_config = ConfigDict(frozen=True)

    case: str
    outcome: Outcome
    record: CaseRecord | None


class CellResult(BaseModel):
    """A cell with its outcome, its environment and its cases."""

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


class ResultsDocument(BaseModel):
    """The document of `hubmatrix results --json`. `cut_off` is true if the run did not end.

    Format history:
      1  first version
      2  a case's record has `measured`
    """

    model_config = ConfigDict(frozen=True)

    format: int = 2
    run: Header
    cut_off: bool
    environments: tuple[EnvironmentRecord, ...]
    cells: tuple[CellResult, ...]


def select_results(workspace: Workspace, run: Run, text: str) -> tuple[SelectedCell, ...]:
    """Return the cells and cases of a run that match a selector. Raises SelectionError for every fault of its text."""
    if not text.strip():
        return selected.select_cells(run, compile_selector(text, Context.RESULT), {}, {}, {})
    spec = load_spec(workspace.matrix) if workspace.matrix.is_file() else None
    vocabulary = spec.vocabulary() if spec else {}
    interfaces = spec.interfaces() if spec else {}
    selector = compile_selector(text, Context.RESULT, selected.vocabulary(run, vocabulary))
    # Reading the cases means parsing their sources: only for a selector that names one of their facts.
    cases = () if selector.names.isdisjoint({"task", "verdict"}) else catalog.read_cases(workspace.cases, workspace.memo)
    judgements = judge_run(run, cases, compiled(cases, vocabulary), interfaces) if "verdict" in selector.names else {}
    return selected.select_cells(run, selector, interfaces, tasks_of(cases), judgements)


def tasks_of(cases: Iterable[Case]) -> dict[str, str]:
    """Return the user's task that a case does, by case id; only cases that are a way to do one."""
    return {case.id: case.way.task.value for case in cases if case.way}


def join_results(run: Run, selected: Sequence[SelectedCell]) -> ResultsDocument:
    """Return the selected cells as a document, each with its selected cases, its interpreter and its lock."""
    environments = {record.id: record for record in run.environments}
    cells = tuple(_cell(selection, environments.get(selection.cell.environment)) for selection in selected)
    return ResultsDocument(run=run.header, cut_off=run.footer is None, environments=run.environments, cells=cells)


def results_as_text(results: ResultsDocument) -> str:
    """Return a line for each cell, and one for each of its cases that failed."""
    lines = []
    for cell in results.cells:
        counts = Counter(case.outcome.value for case in cell.cases)
        counted = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
        lines.append(f"{cell.id}: {cell.status.value}{f': {cell.message}' if cell.message else ''} ({counted})")
        for case in cell.cases:
            if case.record and case.outcome not in (Outcome.PASSED, Outcome.NOT_APPLICABLE, Outcome.SKIPPED):
                first = case.record.message.partition("\n")[0]
                lines.append(
                    f"    {case.outcome.value} {case.case}{f'[{case.record.variant}]' if case.record.variant else ''}: {first}"
                )
    return "\n".join(lines)


def _cell(selected: SelectedCell, environment: EnvironmentRecord | None) -> CellResult:
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


def _short(workspace: Workspace, path: Path) -> Path:
    return path.relative_to(workspace.root) if path.is_relative_to(workspace.root) else path


def _write(path: Path, text: str) -> Path:
    write_atomically(path, text)
    return path
