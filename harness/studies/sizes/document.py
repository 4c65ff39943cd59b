"""The table as a value: the document of `--json`, from which the terminal's and the documentation's tables are made. Pure.

Format history:
  1  first version
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from harness.services.tpu_compiler.answers import DeviceNumbers
from harness.services.tpu_compiler.chips import CHIPS
from harness.services.tpu_compiler.service import bounded
from harness.studies.sizes.measure import QuestionState
from harness.studies.sizes.model import SIZES, Fit, Operation
from harness.studies.sizes.search import largest, read_amounts, undecided

WORDS_LIMIT = 4000
"""Characters of a refusal that are kept."""


class DocumentPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SizedModel(DocumentPart):
    """A model of the table. `handle` is the published model that it resembles.

    `weights` counts the numbers that hub.KerasLayer trains, four bytes each.
    """

    name: str
    title: str
    handle: str
    layers: int
    width: int
    heads: int
    weights: int


class SizedChip(DocumentPart):
    """The memory and peak figures of one device of the compiler, which is half a chip on v2, v3 and 7x.

    `device_bytes` is the memory that a program may use, `flops` bf16 operations a second, `bandwidth` bytes a second.
    """

    name: str
    devices_per_chip: int
    device_bytes: int
    flops: float
    bandwidth: float
    source: str


class Attempt(DocumentPart):
    """A batch that was tried. `seconds` is the time from question to verdict.

    `message` and `words` are the compiler's own if it refused; `used_bytes` is what the program would have needed beside its
    arguments, None where the refusal doesn't say.
    """

    batch: int
    fit: Fit
    seconds: float
    numbers: DeviceNumbers
    message: str = ""
    words: str = ""
    used_bytes: int | None = None


class SizeRow(DocumentPart):
    """A question and its attempts, in the order of the batch.

    `largest` is the largest batch that fitted, None if none did; it is the answer once `decided` is true.
    """

    model: str
    operation: Operation
    length: int
    chip: str
    largest: int | None = None
    decided: bool
    attempts: tuple[Attempt, ...]

    @property
    def best(self) -> Attempt | None:
        return next((attempt for attempt in self.attempts if attempt.batch == self.largest), None)

    @property
    def beyond(self) -> Attempt | None:
        """The smallest batch that was tried and does not fit."""
        return next((attempt for attempt in self.attempts if attempt.fit is not Fit.FITS), None)


class SizesDocument(DocumentPart):
    """The whole table. `measured` is the day of the newest answer, empty if there is none.

    `seconds` is the time that the attempts took, `versions` are the packages that compiled them.
    """

    format: Literal[1] = 1
    measured: str
    command: str
    versions: dict[str, str]
    batches: tuple[int, ...]
    models: tuple[SizedModel, ...]
    chips: tuple[SizedChip, ...]
    rows: tuple[SizeRow, ...]

    @property
    def seconds(self) -> float:
        return sum(attempt.seconds for row in self.rows for attempt in row.attempts)

    @property
    def compiles(self) -> int:
        return sum(len(row.attempts) for row in self.rows)


def build_document(
    states: Sequence[QuestionState], *, batches: Sequence[int], command: str, versions: dict[str, str]
) -> SizesDocument:
    """Make the table of these questions, in their order."""
    weights = {state.question.model: state.weights for state in states if state.weights}
    names = dict.fromkeys(state.question.model for state in states)
    chips = dict.fromkeys(state.question.chip for state in states)
    return SizesDocument(
        measured=max((state.day for state in states), default=""),
        command=command,
        versions=versions,
        batches=tuple(batches),
        models=tuple(_model(name, weights.get(name, 0)) for name in names),
        chips=tuple(map(_chip, chips)),
        rows=tuple(_row(state, batches) for state in states),
    )


def sizes_schema() -> dict[str, Any]:
    """Return the JSON Schema of the document."""
    return SizesDocument.model_json_schema()


def _model(name: str, weights: int) -> SizedModel:
    size = SIZES[name]
    facts = {field: getattr(size, field) for field in ("name", "title", "handle", "layers", "width", "heads")}
    return SizedModel(**facts, weights=weights)


def _chip(name: str) -> SizedChip:
    chip = CHIPS[name]
    return SizedChip(
        name=name,
        devices_per_chip=chip.devices_per_chip,
        device_bytes=chip.device_bytes,
        flops=chip.peak_flops / chip.devices_per_chip,
        bandwidth=chip.bandwidth / chip.devices_per_chip,
        source=chip.source,
    )


def _row(state: QuestionState, batches: Sequence[int]) -> SizeRow:
    question = state.question
    return SizeRow(
        model=question.model,
        operation=question.operation,
        length=question.length,
        chip=question.chip,
        largest=largest(state.trials),
        decided=not undecided(batches, state.trials),
        attempts=tuple(
            Attempt(
                batch=trial.batch,
                fit=trial.fit,
                seconds=trial.seconds,
                numbers=bounded(CHIPS[question.chip], trial.answer.numbers),
                message=trial.answer.message,
                words=trial.answer.evidence[:WORDS_LIMIT] if trial.fit is not Fit.FITS else "",
                used_bytes=amounts.used if (amounts := read_amounts(f"{trial.answer.message}\n{trial.answer.evidence}")) else None,
            )
            for trial in sorted(state.trials, key=lambda trial: trial.batch)
        ),
    )
