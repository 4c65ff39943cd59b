"""The values of this room: models of true size, operations on them, questions, and the outcome of each batch. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from typing_extensions import assert_never

from harness.services.tpu_compiler.answers import CompileOutcome, CompilerAnswer

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)
LENGTHS = (128, 512)
CHIPS = ("v5e", "v4")
VOCABULARY = 30522
POSITIONS = 512


class Operation(str, Enum):
    """The computation of a program. `forward`: the pooled output. `sgd`, `adamw`: a fine-tuning step with that optimizer of Keras.

    A step is what `hub.KerasLayer(trainable=True)` under a Dense layer of two classes does: forward pass with dropout,
    cross-entropy, gradients of every weight, the optimizer's update in place.
    """

    FORWARD = "forward"
    SGD = "sgd"
    ADAMW = "adamw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A model with the shapes of a published one, `handle`, and random weights.

    `policy` is the mixed-precision policy of Keras under which it is exported. Published models are float32, and the program that
    loads one can't change that (cases/compiling/test_precision.py): bfloat16 is for users who export a model of their own.
    """

    name: str
    title: str
    handle: str
    layers: int
    width: int
    heads: int
    vocabulary: int = VOCABULARY
    positions: int = POSITIONS
    policy: str = "float32"


SIZES: Mapping[str, Size] = {
    size.name: size
    for size in (
        Size(
            name="bert-base",
            title="BERT-base",
            handle="https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/4",
            layers=12,
            width=768,
            heads=12,
        ),
        Size(
            name="small-bert",
            title="Small BERT",
            handle="https://tfhub.dev/tensorflow/small_bert/bert_en_uncased_L-4_H-512_A-8/2",
            layers=4,
            width=512,
            heads=8,
        ),
        Size(
            name="small-bert-bf16",
            title="Small BERT, exported under mixed_bfloat16",
            handle="https://tfhub.dev/tensorflow/small_bert/bert_en_uncased_L-4_H-512_A-8/2",
            layers=4,
            width=512,
            heads=8,
            policy="mixed_bfloat16",
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Shape:
    """One program of a model: static batch and length."""

    operation: Operation
    length: int
    batch: int

    @property
    def name(self) -> str:
        return f"{self.operation.value} {self.batch} x {self.length}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The question for the largest batch that fits: of a model and operation at a length, on a chip."""

    model: str
    operation: Operation
    length: int
    chip: str

    def shape(self, batch: int) -> Shape:
        return Shape(operation=self.operation, length=self.length, batch=batch)

    @property
    def name(self) -> str:
        return f"{self.model} {self.operation.value} length {self.length} {self.chip}"


class Fit(str, Enum):
    """The compiler's verdict on a batch.

    `too_large`: refused for want of memory, so larger batches don't fit either. `refused`: for another reason. `no_answer`: the
    compiler died of it, or this machine could not ask it, which says nothing about smaller or larger batches.
    """

    FITS = "fits"
    TOO_LARGE = "too_large"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"


MEMORY_WORDS = ("RESOURCE_EXHAUSTED", "Ran out of memory", "out of memory")


def fit(answer: CompilerAnswer) -> Fit:
    """Return the verdict of an answer. A program that compiled fits, since the compiler places every byte before it accepts."""
    match answer.outcome:
        case CompileOutcome.COMPILED:
            return Fit.FITS
        case CompileOutcome.REFUSED:
            text = f"{answer.message}\n{answer.evidence}"
            return Fit.TOO_LARGE if any(words in text for words in MEMORY_WORDS) else Fit.REFUSED
        case (
            CompileOutcome.CRASHED
            | CompileOutcome.TIMED_OUT
            | CompileOutcome.MEMORY
            | CompileOutcome.INVALID
            | CompileOutcome.UNAVAILABLE
        ):
            return Fit.NO_ANSWER
        case _:
            assert_never(answer.outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A batch that was tried, the compiler's answer, and the seconds until it, of a refusal too."""

    batch: int
    answer: CompilerAnswer
    seconds: float = 0.0

    @property
    def fit(self) -> Fit:
        return fit(self.answer)
