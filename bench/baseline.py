"""Size and speed of the baseline of the full tier: a run, repeated for other TensorFlows, is written, read and shown.

What every TensorFlow repeats is the run as it is, but for its version and for the words of a third of its failures, as it was with
ten measured TensorFlows: each new one brought 30 to 130 failures that no other had, of 220.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import process_time
from typing import Any, TypeVar

from bench.commands import ROOT
from harness.base.workspace import Workspace
from harness.commands import report
from harness.results.baseline.merge import merged
from harness.results.baseline.reading import parse_files, read_files
from harness.results.baseline.runs import read_baseline_run
from harness.results.baseline.settle import baseline_of
from harness.results.baseline.writing import files_of, write_files
from harness.results.format import FailureRecord
from harness.results.run import Run

T = TypeVar("T")
OWN_WORDS = 3
"""Of so many failures one has other words with each TensorFlow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineFigures:
    """The CPU seconds of each step, and what the baseline holds."""

    cells: int
    cases: int
    files: int
    size: int
    texts_size: int
    accept: float
    accept_again: float
    read: float
    render: float | None


def made_up() -> Run:
    """Return the run of the report's tests, of one model: nothing in it was measured."""
    from tests.browser import synthetic

    return synthetic.run(1)


def repeated(run: Run, copies: int) -> Run:
    """Return a run with the facts of another one for so many TensorFlows."""
    runs = [run, *(_copy(run, number) for number in range(1, copies))]
    return replace(
        run,
        environments=tuple(record for copied in runs for record in copied.environments),
        cases=tuple(record for copied in runs for record in copied.cases),
        cells=tuple(record for copied in runs for record in copied.cells),
    )


def _copy(run: Run, number: int) -> Run:
    """Return the run as if it had been measured with other TensorFlows."""

    def version(text: str) -> str:
        return f"{text}.{number}"

    def key(text: str) -> str:
        return f"{text}-{number}"

    def name(identifier: str) -> str:
        # Ids of environments and cells begin with the version: tf-2_9_3-as-released.
        prefix, minor, rest = identifier.split("-", 2)
        return f"{prefix}-{minor}_{number}-{rest}"

    def failure(record: FailureRecord | None) -> FailureRecord | None:
        if record is None or sum(record.signature.encode()) % OWN_WORDS:
            return record
        signature = f"{record.signature}{number:02x}"
        return record.model_copy(update={"signature": signature, "message": f"{record.message} ({number})"})

    environments = (
        {"id": name(record.id), "tensorflow": version(record.tensorflow), "lock": record.lock and key(record.lock)}
        for record in run.environments
    )
    cases = (
        {
            "key": key(record.key),
            "environment": name(record.environment),
            "cell": name(record.cell),
            "failure": failure(record.failure),
        }
        for record in run.cases
    )
    refs = {
        listed: tuple(ref.model_copy(update={"key": ref.key and key(ref.key)}) for ref in listed)
        for listed in {cell.cases for cell in run.cells}
    }
    cells = (
        {
            "id": name(cell.id),
            "environment": name(cell.environment),
            "axes": replace(cell.axes, tensorflow=version(cell.axes.tensorflow)),
            "cases": refs[cell.cases],
        }
        for cell in run.cells
    )
    return replace(
        run,
        environments=tuple(record.model_copy(update=update) for record, update in zip(run.environments, environments, strict=True)),
        cases=tuple(record.model_copy(update=update) for record, update in zip(run.cases, cases, strict=True)),
        cells=tuple(record.model_copy(update=update) for record, update in zip(run.cells, cells, strict=True)),
    )


def measure(base: Path, run: Run, copies: int, *, render: bool) -> BaselineFigures:
    """Return the figures of a run that is repeated."""
    workspace = Workspace(root=base)
    large = repeated(run, copies)
    files, accept = _timed(lambda: _accepted(workspace, large))
    _, again = _timed(lambda: _accepted(workspace, large))
    baseline_run, read = _timed(lambda: read_baseline_run(workspace.baseline))
    if baseline_run is None:
        raise AssertionError("the baseline that was written is not there")
    seconds = None
    if render:
        shutil.copy(ROOT / "matrix.yaml", base)
        (base / "cases").symlink_to(ROOT / "cases")
        _, seconds = _timed(lambda: report.render_site(workspace, baseline_run, None))
    return BaselineFigures(
        cells=len(baseline_run.cells),
        cases=len(baseline_run.cases),
        files=len(files),
        size=sum(len(text.encode()) for text in files.values()),
        texts_size=len(files["texts.jsonl"].encode()),
        accept=accept,
        accept_again=again,
        read=read,
        render=seconds,
    )


def _accepted(workspace: Workspace, run: Run) -> dict[str, str]:
    former = read_files(workspace.baseline)
    before = parse_files(workspace.baseline, former)
    files = files_of(merged(before, baseline_of(run)))
    write_files(workspace.baseline, files, former)
    return files


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    started = process_time()
    return work(), process_time() - started


def as_text(figures: BaselineFigures) -> str:
    """Return a line a figure."""
    return "\n".join(_lines(figures))


def _lines(figures: BaselineFigures) -> Iterator[str]:
    yield f"cells, case results      {figures.cells:>9,}  {figures.cases:,}"
    yield f"files, bytes of them     {figures.files:>9,}  {figures.size:,}, of which {figures.texts_size:,} are texts"
    yield f"accept, CPU seconds      {figures.accept:>9.2f}"
    yield f"accept the same again    {figures.accept_again:>9.2f}"
    yield f"read                     {figures.read:>9.2f}"
    if figures.render is not None:
        yield f"render the site          {figures.render:>9.2f}"


def as_json(figures: BaselineFigures) -> dict[str, Any]:
    """Return format 1."""
    return {"format": 1, **asdict(figures)}
