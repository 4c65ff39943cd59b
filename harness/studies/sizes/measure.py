"""Finding the largest batch for many questions about one model: rounds of lowering what is wanted next, then compiling it.

In a round TensorFlow lowers every program that some question wants next, in one process; then the compiler is asked, one
program after the other. Everything known is kept as it becomes known, so the same command goes on after an interruption.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harness.environments.lock import today
from harness.services.tpu_compiler.answers import CompilerAnswer, CompileRequest
from harness.studies.sizes import programs
from harness.studies.sizes.kept import Kept, Shelf
from harness.studies.sizes.model import Question, Shape, Size, Tried
from harness.studies.sizes.programs import Bench
from harness.studies.sizes.search import next_batch

Tell = Callable[[str], None]


class Asks(Protocol):
    """The compiler's service, or what stands for it."""

    async def answer(self, line: bytes) -> CompilerAnswer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A question and all that was tried for it, in order; `weights` of the model, 0 where nothing is known yet.

    `day` is that of the newest answer.
    """

    question: Question
    tried: tuple[Tried, ...] = ()
    weights: int = 0
    day: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The questions about one model, and what is known. `tell` hears of everything as it happens."""

    bench: Bench
    size: Size
    batches: Sequence[int]
    shelf: Shelf
    tell: Tell
    found: dict[Question, Found] = field(default_factory=dict)

    def open(self) -> dict[Question, int]:
        """The batch that each undecided question wants next, after all that is kept has been looked up."""
        wanted: dict[Question, int] = {}
        for question in self.found:
            while (batch := next_batch(self.batches, self.found[question].tried)) is not None:
                known = self.shelf.find(self._key, question.shape(batch), question.chip)
                if known is None:
                    wanted[question] = batch
                    break
                self._note(question, batch, known)
        return wanted

    async def run(self, compiler: Asks) -> None:
        """Until every question is decided. MachineError where TensorFlow can't be had or fails."""
        while wanted := self.open():
            shapes = sorted({question.shape(batch) for question, batch in wanted.items()})
            if missing := [one for one in shapes if not programs.path(self.bench, self.size, one).is_file()]:
                self.tell(f"{self.size.name}: TensorFlow lowers {', '.join(one.name for one in missing)}")
                await programs.ensure(self.bench, self.size, missing)
            for question, batch in wanted.items():
                began = time.monotonic()
                answer = await compiler.answer(self._asked(question, question.shape(batch)))
                seconds = round(answer.seconds or time.monotonic() - began, 1)
                known = Kept(
                    weights=programs.weights(self.bench, self.size), seconds=seconds, day=today().isoformat(), answer=answer
                )
                self.shelf.keep(self._key, question.shape(batch), question.chip, known)
                self._note(question, batch, known)
                self.tell(told(question, self.found[question].tried[-1]))

    @property
    def _key(self) -> str:
        return programs.key(self.bench, self.size)

    def _asked(self, question: Question, shape: Shape) -> bytes:
        path = programs.path(self.bench, self.size, shape)
        return CompileRequest(op="compile", hlo=path, chip=question.chip).model_dump_json().encode()

    def _note(self, question: Question, batch: int, known: Kept) -> None:
        before = self.found[question]
        tried = (*before.tried, Tried(batch=batch, answer=known.answer, seconds=known.seconds))
        self.found[question] = Found(question=question, tried=tried, weights=known.weights, day=max(before.day, known.day))


def search(bench: Bench, size: Size, questions: Sequence[Question], batches: Sequence[int], shelf: Shelf, tell: Tell) -> Search:
    """A search for the questions about a model, with nothing looked up yet."""
    own = {question: Found(question=question) for question in questions if question.model == size.name}
    return Search(bench=bench, size=size, batches=batches, shelf=shelf, tell=tell, found=own)


def told(question: Question, tried: Tried) -> str:
    """One line of progress."""
    answer = tried.answer
    said = "" if tried.fit.value == "fits" else f": {answer.message[:200]}"
    return f"{question.name} batch {tried.batch}: {tried.fit.value.replace('_', ' ')} ({tried.seconds:.0f} s){said}"
