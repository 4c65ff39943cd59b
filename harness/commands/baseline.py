"""`hubmatrix baseline`: write what the store knows into the committed baseline, and show what that holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness import catalog
from harness.base.errors import ResultsError, SelectionError
from harness.base.workspace import Workspace
from harness.commands.plan import read_documents
from harness.commands.report import select_results
from harness.domain import Case
from harness.results.baseline.merge import Changes, compare, merged
from harness.results.baseline.reading import parse_files, read_files
from harness.results.baseline.settle import baseline_of
from harness.results.baseline.writing import files_of, write_files
from harness.results.run import Run
from harness.results.store import load_run, open_store

REPLICAS = "replicas"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The effect of an acceptance: the baseline's folder, the files that are new, written anew or gone, and the changes in them."""

    folder: Path
    files: tuple[str, ...]
    size: int
    changes: Changes
    is_written: bool

    def as_json(self) -> dict[str, Any]:
        """Return format 1."""
        return {
            "format": 1,
            "folder": str(self.folder),
            "files": list(self.files),
            "bytes": self.size,
            "written": self.is_written,
            **asdict(self.changes),
        }

    def as_text(self) -> str:
        """Return a line on cells, one on results, and one on files."""
        changes = self.changes
        cells = _counted((changes.cells_added, "new"), (changes.cells_changed, "ended otherwise"), (changes.cells_removed, "gone"))
        results = _counted(
            (changes.added, "new"),
            (changes.changed, "with another outcome or failure"),
            (changes.renumbered, "with other words or numbers"),
            (changes.removed, "gone"),
        )
        verb = "written" if self.is_written else "would be written"
        files = f"{len(self.files)} files {verb}" if self.files else "no file changes"
        lines = (f"cells    {cells}", f"results  {results}; {changes.same:,} the same")
        return "\n".join((*lines, f"files    {files} ({self.folder}, {self.size:,} bytes)"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSummary:
    """A file of the baseline: its day, its cells by status, and the number of its results."""

    name: str
    measured: str
    cells: dict[str, int]
    results: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineSummary:
    """The files of the baseline, by TensorFlow and install policy. `size` is that of all files, texts included."""

    files: tuple[FileSummary, ...]
    size: int

    def as_json(self) -> dict[str, Any]:
        """Return format 1."""
        return {"format": 1, "bytes": self.size, "files": [asdict(file) for file in self.files]}

    def as_text(self) -> str:
        """Return a line a file, and one on all of them."""
        lines = [
            f"{file.name.removesuffix('.txt'):<22}  {file.measured}  {file.results:>6,} results  {_by_status(file.cells)}"
            for file in self.files
        ]
        every: Counter[str] = Counter()
        for file in self.files:
            every.update(file.cells)
        total = f"{sum(file.results for file in self.files):,} results, {sum(every.values()):,} cells: {_by_status(every)}"
        return "\n".join([*lines, f"{total}; {self.size:,} bytes"]) if lines else "there is no baseline"


def accept(workspace: Workspace, runs: Sequence[str] = (), select: str = "", *, dry_run: bool = False) -> Accepted:
    """Write what was measured over the baseline.

    Args:
        workspace: the project.
        runs: names of runs of the store, or exported files; all runs of the store if none is given.
        select: only these cells.
        dry_run: write nothing.

    Raises:
        ResultsError: there is nothing to accept, or the baseline, a file or the store can't be read.
        SelectionError: the selector is wrong, or selects nothing.
        MachineError: the baseline can't be written; it is as it was.
    """
    former = read_files(workspace.baseline)
    before = parse_files(workspace.baseline, former)
    cases = catalog.read_cases(workspace.cases) if workspace.cases.is_dir() else None
    patterns = tuple(_patterns(workspace, cases or ()))
    case_ids = None if cases is None else {case.id for case in cases}
    after = before
    for run in _measured(workspace, runs):
        chosen = _selected(workspace, run, select) if select.strip() else run
        after = merged(after, baseline_of(chosen, patterns), case_ids)
    files = files_of(after)
    if not dry_run:
        write_files(workspace.baseline, files, former)
    return Accepted(
        folder=_short(workspace, workspace.baseline),
        files=tuple(sorted(name for name in {*files, *former} if files.get(name) != former.get(name))),
        size=sum(len(text.encode()) for text in files.values()),
        changes=compare(before, after),
        is_written=not dry_run,
    )


def summarize(workspace: Workspace) -> BaselineSummary:
    """Return what the baseline holds. Raises ResultsError with everything that is wrong with it."""
    former = read_files(workspace.baseline)
    baseline = parse_files(workspace.baseline, former)
    cells: dict[str, Counter[str]] = {}
    results: Counter[str] = Counter()
    days = {}
    for part in baseline.parts.values():
        name = f"{part.axes.tensorflow}-{part.axes.install.value}.txt"
        days[name] = part.measured
        cells.setdefault(name, Counter()).update(cell.status.value for cell in part.cells.values())
        results[name] += sum(map(len, part.endings.values()))
    files = tuple(
        FileSummary(name=name, measured=days[name], cells=dict(cells[name]), results=results[name], size=len(former[name].encode()))
        for name in sorted(cells)
    )
    return BaselineSummary(files=files, size=sum(len(text.encode()) for text in former.values()))


def _measured(workspace: Workspace, names: Sequence[str]) -> list[Run]:
    """Return the runs to accept, oldest first: those that are named, else what the whole store knows, as one run."""
    if names:
        from_names = [load_run(workspace.results, name) for name in names]
        for run in from_names:
            if not _is_of_the_matrix(run):
                message = f"run {run.header.run} measured other models than those that are shipped: {run.header.models}"
                raise ResultsError(message, hint="the baseline is of the replicas; accept runs without --models and --hub-url")
        return sorted(from_names, key=lambda run: run.header.started)
    if workspace.results.exists():
        with open_store(workspace.results) as store:
            of_matrix = [run.name for run in store.runs() if run.header.models == REPLICAS and not run.header.command]
            whole = store.newest_of_each(of_matrix)
        if whole:
            return [whole]
    raise ResultsError("no run to accept", location=str(workspace.results), hint="`hubmatrix run --tier full` measures the matrix")


def _patterns(workspace: Workspace, cases: Sequence[Case]) -> Iterator[str]:
    """Yield what judge and claims search in the words of failures."""
    for case in cases:
        yield from (declaration.match for declaration in case.declarations)
    for document in read_documents(workspace, cases):
        yield from (binding.match for claim in document.claims for binding in claim.cases if binding.match)


def _is_of_the_matrix(run: Run) -> bool:
    return run.header.models == REPLICAS and not run.header.command


def _selected(workspace: Workspace, run: Run, select: str) -> Run:
    chosen = {selected.cell.id for selected in select_results(workspace, run, select)}
    if not chosen:
        raise SelectionError(
            f"nothing that was measured is selected by {select!r}", hint="`hubmatrix results` lists what was measured"
        )
    cells = tuple(cell for cell in run.cells if cell.id in chosen)
    names = {cell.environment for cell in cells}
    return replace(run, cells=cells, environments=tuple(record for record in run.environments if record.id in names))


def _short(workspace: Workspace, path: Path) -> Path:
    return path.relative_to(workspace.root) if path.is_relative_to(workspace.root) else path


def _counted(*counts: tuple[int, str]) -> str:
    return ", ".join(f"{number:,} {words}" for number, words in counts if number) or "none is different"


def _by_status(cells: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {status}" for status, count in sorted(cells.items()))
