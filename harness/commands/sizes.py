"""`hubmatrix sizes`: which questions, measuring what is not known of them, and the table as a page of the documentation."""

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
from harness.studies.sizes.document import Document, document
from harness.studies.sizes.kept import Shelf
from harness.studies.sizes.measure import Found, Search, Tell, search
from harness.studies.sizes.model import BATCHES, SIZES, Operation, Question
from harness.studies.sizes.programs import Bench, bench_of

PAGE, DATA = "tpu-sizes.md", "tpu-sizes.json"
LIMITS = WorkerLimits(seconds=1800.0)
"""A program of true size takes minutes where the compiler looks for ways to save memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a user wants to know, in the order of the table."""

    models: tuple[str, ...]
    operations: tuple[Operation, ...]
    lengths: tuple[int, ...]
    chips: tuple[str, ...]

    @classmethod
    def of(cls, models: Sequence[str], operations: Sequence[str], lengths: Sequence[int], chips: Sequence[str]) -> Chosen:
        """What was named; else all models, forward pass and AdamW, and the usual lengths and chips.

        Raises:
            SpecError: a model, operation, length or chip that there isn't.
        """
        _expect(models, tuple(SIZES), "--model")
        _expect(operations, tuple(one.value for one in Operation), "--operation")
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


EVERYTHING = Chosen(models=tuple(SIZES), operations=tuple(Operation), lengths=model.LENGTHS, chips=tuple(CHIPS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was asked for; and for the pages all that is known, with empty rows where something usual is not."""

    shown: Document
    every: Document


def measure(place: Workspace, chosen: Chosen, tell: Tell, *, listed: bool = False) -> Measured:
    """The table; what is not known of it is measured now, unless only what is known is wanted.

    Raises:
        Interrupted: Ctrl-C or SIGTERM; everything measured so far is kept.
        MachineError: an environment or the compiler can't be had here.
        ModelError: the exporter fails.
    """
    try:
        spec = load_spec(place.matrix)
        bench = asyncio.run(bench_of(this_machine(place, spec.limits), spec))
        searches = _searches(bench, chosen, tell)
        for one in searches:
            if one.open() and not listed:
                _decide(one, place, tell)
        every = _searches(bench, EVERYTHING, tell)
        for one in every:
            one.open()
    except KeyboardInterrupt:
        raise _interrupted() from None
    usual = frozenset(Chosen.of((), (), (), ()).questions)
    shown = [one for search in searches for one in search.found.values()]
    found = [one for search in every for one in search.found.values() if one.tried or one.question in usual]
    return Measured(shown=_document(bench, shown), every=_document(bench, found))


def _searches(bench: Bench, chosen: Chosen, tell: Tell) -> list[Search]:
    shelf = Shelf(folder=bench.place.sizes / "answers", compiler=compiler_environment.compiler_digest())
    return [search(bench, SIZES[name], chosen.questions, BATCHES, shelf, tell) for name in chosen.models]


def _document(bench: Bench, found: Sequence[Found]) -> Document:
    return document(
        found,
        batches=BATCHES,
        command="hubmatrix sizes",
        versions=_versions(bench),
    )


def _decide(one: Search, place: Workspace, tell: Tell) -> None:
    """Export the model, then ask until everything is decided."""
    bench, size = one.bench, one.size
    if not export.folder(size, place).is_dir():
        tell(f"{size.name}: its exporter makes it")
    export.ensure(size, place, bench.machine.uv, bench.python_for)
    compiler = asyncio.run(compiler_environment.ensure_compiler(bench.machine.uv, place, bench.machine.interpreters))
    if isinstance(compiler, Failure):
        raise MachineError(compiler.message)
    if not asyncio.run(until_interrupted(_ask(one, place, compiler))):
        raise _interrupted()


async def _ask(one: Search, place: Workspace, environment: Venv) -> None:
    place.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.work, prefix="sizes-", ignore_cleanup_errors=True) as work:
        compiler = compiler_in(environment, place, Path(work), LIMITS)
        try:
            await one.run(compiler)
        finally:
            await compiler.close()


def write(place: Workspace, shown: Document) -> tuple[Path, Path]:
    """The page of the documentation, which is also one of the site, and its data. Committed, for measuring takes an hour."""
    page, data = place.root / "docs" / PAGE, place.root / "docs" / DATA
    before = page.read_text(encoding="utf-8") if page.is_file() else ""
    write_atomically(data, as_json(shown))
    write_atomically(page, markdown.within(before, shown))
    return page, data


def as_json(shown: Document) -> str:
    return shown.model_dump_json(indent=1, exclude_none=True) + "\n"


def _interrupted() -> Interrupted:
    return Interrupted("interrupted; everything measured so far is kept", hint="the same command goes on from here")


def _expect(named: Sequence[str], known: Sequence[str], place: str) -> None:
    for name in named:
        if name not in known:
            raise SpecError(f"no {name!r}", location=place, hint=did_you_mean(name, known) or f"there are {', '.join(known)}")


def _versions(bench: Bench) -> dict[str, str]:
    """What the programs were lowered and compiled with."""
    pins = dict(pin.split("==") for pin in compiler_environment.PINS)
    names = {"TensorFlow": "tensorflow", "Keras": "keras", "tensorflow-hub": "tensorflow-hub"}
    return {title: bench.package(name) for title, name in names.items()} | {name: pins[name] for name in ("libtpu", "jaxlib")}
