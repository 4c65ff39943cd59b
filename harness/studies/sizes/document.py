"""The table as a value: what `--json` prints, what is kept beside the report, and what the pages are made from. Pure.

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
from harness.studies.sizes.measure import Found
from harness.studies.sizes.model import SIZES, Fit, Operation
from harness.studies.sizes.search import largest, undecided, wanted


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SizedModel(Part):
    """`weights`: how many numbers hub.KerasLayer trains; four bytes each. `handle`: the published model it is like."""

    name: str
    title: str
    handle: str
    layers: int
    width: int
    heads: int
    weights: int


class SizedChip(Part):
    """What a program may use at most: of half a chip where the compiler's device is one. Operations are bf16, per second."""

    name: str
    devices_per_chip: int
    device_bytes: int
    flops: float
    bandwidth: float
    source: str


class Attempt(Part):
    """One batch. `seconds` from question to verdict.

    `message` and `words` are the compiler's where it refused; `used_bytes` is what it would have needed beside the arguments.
    """

    batch: int
    fit: Fit
    seconds: float
    numbers: DeviceNumbers
    message: str = ""
    words: str = ""
    used_bytes: int | None = None


class Row(Part):
    """`largest` of those tried; None where none fits. It is the answer where `decided`. `attempts` in the order of the batch."""

    model: str
    operation: Operation
    length: int
    chip: str
    largest: int | None = None
    decided: bool
    attempts: tuple[Attempt, ...]

    @property
    def best(self) -> Attempt | None:
        return next((one for one in self.attempts if one.batch == self.largest), None)

    @property
    def beyond(self) -> Attempt | None:
        """The smallest batch that does not fit, of those tried."""
        return next((one for one in self.attempts if one.fit is not Fit.FITS), None)


class Document(Part):
    """Everything that is shown. `measured` is the day of the newest answer, empty where there is none.

    `seconds` is what the shown compiles took, `versions` what they were made with.
    """

    format: Literal[1] = 1
    measured: str
    command: str
    versions: dict[str, str]
    batches: tuple[int, ...]
    models: tuple[SizedModel, ...]
    chips: tuple[SizedChip, ...]
    rows: tuple[Row, ...]

    @property
    def seconds(self) -> float:
        return sum(attempt.seconds for row in self.rows for attempt in row.attempts)

    @property
    def compiles(self) -> int:
        return sum(len(row.attempts) for row in self.rows)


def document(found: Sequence[Found], *, batches: Sequence[int], command: str, versions: dict[str, str]) -> Document:
    """From what was found, in the order of the questions."""
    weights = {one.question.model: one.weights for one in found if one.weights}
    names = dict.fromkeys(one.question.model for one in found)
    chips = dict.fromkeys(one.question.chip for one in found)
    return Document(
        measured=max((one.day for one in found), default=""),
        command=command,
        versions=versions,
        batches=tuple(batches),
        models=tuple(_model(name, weights.get(name, 0)) for name in names),
        chips=tuple(map(_chip, chips)),
        rows=tuple(_row(one, batches) for one in found),
    )


def schema() -> dict[str, Any]:
    """JSON Schema of the document."""
    return Document.model_json_schema()


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


def _row(found: Found, batches: Sequence[int]) -> Row:
    asked = found.question
    return Row(
        model=asked.model,
        operation=asked.operation,
        length=asked.length,
        chip=asked.chip,
        largest=largest(found.tried),
        decided=not undecided(batches, found.tried),
        attempts=tuple(
            Attempt(
                batch=one.batch,
                fit=one.fit,
                seconds=one.seconds,
                numbers=bounded(CHIPS[asked.chip], one.answer.numbers),
                message=one.answer.message,
                words=one.answer.evidence[:WORDS] if one.fit is not Fit.FITS else "",
                used_bytes=said.used if (said := wanted(f"{one.answer.message}\n{one.answer.evidence}")) else None,
            )
            for one in sorted(found.tried, key=lambda one: one.batch)
        ),
    )


WORDS = 4000
