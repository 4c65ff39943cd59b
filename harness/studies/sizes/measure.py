"""The search for the largest batch, for many questions about one model: rounds of lowering and compiling.

In a round TensorFlow lowers the next program of every open question, in one process; then the compiler is asked, one program
after the other. Each answer is stored as soon as it is given, so the same command goes on after an interruption.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harness.environments.lock import today
from harness.services.tpu_compiler.answers import CompilerAnswer, CompileRequest
from harness.studies.sizes import programs
from harness.studies.sizes.model import Question, Shape, Size, Trial
from harness.studies.sizes.programs import Bench
from harness.studies.sizes.search import next_batch
from harness.studies.sizes.shelf import Shelf, StoredAnswer

Tell = Callable[[str], None]


class CompilerService(Protocol):
    """The compiler's service, or a stand-in of tests."""

    async def answer(self, line: bytes) -> CompilerAnswer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionState:
    """A question and the batches tried for it so far, in order.

    `weights` counts the model's trained numbers, 0 before the first answer; `day` is the newest answer's, empty before the first.
    """

    question: Question
    trials: tuple[Trial, ...] = ()
    weights: int = 0
    day: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The questions about one model and their states. `tell` gets a line of progress for every step."""

    bench: Bench
    size: Size
    batches: Sequence[int]
    shelf: Shelf
    tell: Tell
    states: dict[Question, QuestionState] = field(default_factory=dict)

    def look_up(self) -> dict[Question, int]:
        """Look up every stored answer, and return the next batch to try of each question that stays open."""
        next_batches: dict[Question, int] = {}
        for question in self.states:
            # Each stored answer decides which batch is asked for next, so they are replayed in the order of the search.
            while (batch := next_batch(self.batches, self.states[question].trials)) is not None:
                stored = self.shelf.find(self._key, question.shape(batch), question.chip)
                if stored is None:
                    next_batches[question] = batch
                    break
                self._note(question, batch, stored)
        return next_batches

    async def decide(self, compiler: CompilerService) -> None:
        """Lower and compile until every question is decided. Raises MachineError if TensorFlow fails or can't be installed."""
        while next_batches := self.look_up():
            shapes = sorted({question.shape(batch) for question, batch in next_batches.items()})
            if missing := [shape for shape in shapes if not programs.program_path(self.bench, self.size, shape).is_file()]:
                self.tell(f"{self.size.name}: TensorFlow lowers {', '.join(shape.name for shape in missing)}")
                await programs.ensure_lowered(self.bench, self.size, missing)
            for question, batch in next_batches.items():
                began = time.monotonic()
                answer = await compiler.answer(self._request(question, question.shape(batch)))
                # A compile that succeeded brings its own time, also out of the service's store; a refusal brings none.
                seconds = round(answer.seconds or time.monotonic() - began, 1)
                stored = StoredAnswer(
                    weights=programs.count_weights(self.bench, self.size), seconds=seconds, day=today().isoformat(), answer=answer
                )
                self.shelf.keep(self._key, question.shape(batch), question.chip, stored)
                self._note(question, batch, stored)
                self.tell(progress_line(question, self.states[question].trials[-1]))

    @property
    def _key(self) -> str:
        return programs.programs_key(self.bench, self.size)

    def _request(self, question: Question, shape: Shape) -> bytes:
        path = programs.program_path(self.bench, self.size, shape)
        return CompileRequest(op="compile", hlo=path, chip=question.chip).model_dump_json().encode()

    def _note(self, question: Question, batch: int, stored: StoredAnswer) -> None:
        before = self.states[question]
        trials = (*before.trials, Trial(batch=batch, answer=stored.answer, seconds=stored.seconds))
        self.states[question] = QuestionState(
            question=question, trials=trials, weights=stored.weights, day=max(before.day, stored.day)
        )


def start_search(
    bench: Bench, size: Size, questions: Sequence[Question], batches: Sequence[int], shelf: Shelf, tell: Tell
) -> Search:
    """Make the search for those questions that are about a model, before any answer is looked up."""
    own = {question: QuestionState(question=question) for question in questions if question.model == size.name}
    return Search(bench=bench, size=size, batches=batches, shelf=shelf, tell=tell, states=own)


def progress_line(question: Question, trial: Trial) -> str:
    """Return the line of progress on a batch that was tried."""
    answer = trial.answer
    reason = "" if trial.fit.value == "fits" else f": {answer.message[:200]}"
    return f"{question.name} batch {trial.batch}: {trial.fit.value.replace('_', ' ')} ({trial.seconds:.0f} s){reason}"
