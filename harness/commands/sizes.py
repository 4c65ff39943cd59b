"""`hubmatrix sizes`: choose the questions, measure those without an answer, and write the table into the documentation."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.base.errors import Interrupted, MachineError, SpecError
from harness.base.files import write_atomically
from harness.base.suggestions import did_you_mean
from harness.base.workspace import Workspace
from harness.environments.uv import Failure
from harness.environments.venv import Venv
from harness.matrix import load_spec
from harness.run.machine import this_machine, until_interrupted
from harness.services.tpu_compiler import environment as compiler_environment
from harness.services.tpu_compiler.chips import CHIPS
from harness.services.tpu_compiler.service import compiler_in
from harness.services.tpu_compiler.supervisor import WorkerLimits
from harness.studies.sizes import export, markdown, model
from harness.studies.sizes.document import SizesDocument, build_document
from harness.studies.sizes.measure import QuestionState, Search, Tell, start_search
from harness.studies.sizes.model import BATCHES, SIZES, Operation, Question
from harness.studies.sizes.programs import Bench, bench_of
from harness.studies.sizes.shelf import Shelf

PAGE, DATA = "tpu-sizes.md", "tpu-sizes.json"
LIMITS = WorkerLimits(seconds=1800.0)
"""A program of true size takes minutes where the compiler looks for ways to save memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeSelection:
    """The models, operations, lengths and chips whose largest batch a user asks for, in the order of the table."""

    models: tuple[str, ...]
    operations: tuple[Operation, ...]
    lengths: tuple[int, ...]
    chips: tuple[str, ...]

    @classmethod
    def of(cls, models: Sequence[str], operations: Sequence[str], lengths: Sequence[int], chips: Sequence[str]) -> SizeSelection:
        """Return the selection of these names; where none are given, all models, forward pass and AdamW, usual lengths and chips.

        Raises:
            SpecError: an unknown model, operation, length or chip.
        """
        _expect(models, tuple(SIZES), "--model")
        _expect(operations, tuple(operation.value for operation in Operation), "--operation")
        _expect(chips, tuple(CHIPS), "--chip")
        for length in lengths:
            if not 1 <= length <= model.POSITIONS:
                raise SpecError(f"no length {length}", location="--length", hint=f"the models have {model.POSITIONS} positions")
        return cls(
            models=tuple(models) or tuple(SIZES),
            operations=tuple(map(Operation, operations)) or (Operation.FORWARD, Operation.ADAMW),
            lengths=tuple(lengths) or model.LENGTHS,
            chips=tuple(chips) or model.CHIPS,
        )

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(
            Question(model=name, operation=operation, length=length, chip=chip)
            for name in self.models
            for operation in self.operations
            for length in self.lengths
            for chip in self.chips
        )


ALL_SIZES = SizeSelection(models=tuple(SIZES), operations=tuple(Operation), lengths=model.LENGTHS, chips=tuple(CHIPS))


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeTables:
    """The table of a selection; and for the pages, every question with an answer, with empty rows for usual questions without."""

    selected: SizesDocument
    complete: SizesDocument


def measure_sizes(workspace: Workspace, selection: SizeSelection, tell: Tell, *, only_list: bool = False) -> SizeTables:
    """Return the tables, measuring the undecided questions of the selection first unless `only_list`.

    Raises:
        Interrupted: Ctrl-C or SIGTERM; everything measured so far is kept.
        MachineError: an environment or the compiler isn't available on this machine.
        ModelError: the exporter fails.
    """
    try:
        spec = load_spec(workspace.matrix)
        bench = asyncio.run(bench_of(this_machine(workspace, spec.limits), spec))
        searches = _searches(bench, selection, tell)
        for search in searches:
            if search.look_up() and not only_list:
                _decide(search, workspace, tell)
        # The committed page shows every answer there is, whichever selection it was measured for.
        all_searches = _searches(bench, ALL_SIZES, tell)
        for search in all_searches:
            search.look_up()
    # Ctrl-C outside of `_decide`, which handles the signals while it compiles.
    except KeyboardInterrupt:
        raise _interrupted() from None
    usual = frozenset(SizeSelection.of((), (), (), ()).questions)
    selected = [state for search in searches for state in search.states.values()]
    states = (state for search in all_searches for state in search.states.values())
    complete = [state for state in states if state.trials or state.question in usual]
    return SizeTables(selected=_document(bench, selected), complete=_document(bench, complete))


def _searches(bench: Bench, selection: SizeSelection, tell: Tell) -> list[Search]:
    shelf = Shelf(folder=bench.workspace.sizes / "answers", compiler=compiler_environment.compiler_digest())
    return [start_search(bench, SIZES[name], selection.questions, BATCHES, shelf, tell) for name in selection.models]


def _document(bench: Bench, states: Sequence[QuestionState]) -> SizesDocument:
    return build_document(
        states,
        batches=BATCHES,
        command="hubmatrix sizes",
        versions=_versions(bench),
    )


def _decide(search: Search, workspace: Workspace, tell: Tell) -> None:
    """Export the model, then ask the compiler until every question is decided."""
    bench, size = search.bench, search.size
    if not export.model_folder(size, workspace).is_dir():
        tell(f"{size.name}: exporting")
    export.ensure_model(size, workspace, bench.machine.uv, bench.python_for)
    compiler = asyncio.run(compiler_environment.ensure_compiler(bench.machine.uv, workspace, bench.machine.interpreters))
    if isinstance(compiler, Failure):
        raise MachineError(compiler.message)
    if not asyncio.run(until_interrupted(_ask(search, workspace, compiler))):
        raise _interrupted()


async def _ask(search: Search, workspace: Workspace, compiler_venv: Venv) -> None:
    workspace.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=workspace.work, prefix="sizes-", ignore_cleanup_errors=True) as work:
        compiler = compiler_in(compiler_venv, workspace, Path(work), LIMITS)
        try:
            await search.decide(compiler)
        finally:
            await compiler.close()


def write_page(workspace: Workspace, document: SizesDocument) -> tuple[Path, Path]:
    """Write the table into docs/ (the site has the page too), with its data beside, and return both paths.

    Both are committed, since measuring them takes an hour.
    """
    page, data = workspace.root / "docs" / PAGE, workspace.root / "docs" / DATA
    before = page.read_text(encoding="utf-8") if page.is_file() else ""
    write_atomically(data, document_json(document))
    write_atomically(page, markdown.within(before, document))
    return page, data


def document_json(document: SizesDocument) -> str:
    return document.model_dump_json(indent=1, exclude_none=True) + "\n"


def _interrupted() -> Interrupted:
    return Interrupted("interrupted; everything measured so far is kept", hint="the same command goes on from here")


def _expect(names: Sequence[str], choices: Sequence[str], option: str) -> None:
    for name in names:
        if name not in choices:
            raise SpecError(f"no {name!r}", location=option, hint=did_you_mean(name, choices) or f"there are {', '.join(choices)}")


def _versions(bench: Bench) -> dict[str, str]:
    """Return the versions of the packages that lower and compile the programs."""
    pins = dict(pin.split("==") for pin in compiler_environment.PINS)
    names = {"TensorFlow": "tensorflow", "Keras": "keras", "tensorflow-hub": "tensorflow-hub"}
    return {title: bench.package(name) for title, name in names.items()} | {name: pins[name] for name in ("libtpu", "jaxlib")}
