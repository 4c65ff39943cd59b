"""Texts that every rendering of the table needs. Pure."""

from __future__ import annotations

from typing_extensions import assert_never

from harness.studies.sizes.document import SizedModel, SizeRow, SizesDocument
from harness.studies.sizes.model import Fit, Operation

HEADINGS = (
    "operation",
    "length",
    "chip",
    "largest batch",
    "arguments",
    "temporary",
    "code",
    "TFLOP",
    "in forward passes",
    "GB",
    "at least",
    "roofline",
    "compile",
)
NO_FIGURE = "–"


def operation_name(operation: Operation) -> str:
    """Return what is done with the model, in the table's words."""
    match operation:
        case Operation.FORWARD:
            return "forward pass"
        case Operation.SGD:
            return "training step, SGD"
        case Operation.ADAMW:
            return "training step, AdamW"
        case _:
            assert_never(operation)


def recomputed(row: SizeRow, document: SizesDocument) -> float | None:
    """Return the operations of a training step in forward passes of the same model, length and chip, a row of the batch each.

    A step takes 3 of them: forward, and gradients by inputs and by weights. What is beyond 3 the compiler computes again, where
    keeping it would take more memory than the chip has: 3.4 for BERT-base at 512 on v5e. None for a forward pass, and where either
    has no figure.
    """
    step = _flops_of_a_row(row)
    same = (row.model, Operation.FORWARD, row.length, row.chip)
    forward = next((other for other in document.rows if (other.model, other.operation, other.length, other.chip) == same), None)
    once = _flops_of_a_row(forward) if forward else None
    return step / once if row.operation is not Operation.FORWARD and step and once else None


def _flops_of_a_row(row: SizeRow) -> float | None:
    return row.best.numbers.flops / row.best.batch if row.best and row.best.numbers.flops is not None else None


def batch(row: SizeRow, batches: tuple[int, ...]) -> str:
    """Return the largest that fits, with a + where it is the largest that was tried, for a larger one may fit too."""
    if any(attempt.fit in (Fit.REFUSED, Fit.NO_ANSWER) for attempt in row.attempts):
        return "not known"
    if not row.decided:
        return "not measured" if not row.attempts else f"at least {row.largest}" if row.largest else "not known yet"
    if row.largest is None:
        return "none"
    return f"{row.largest}+" if row.largest == max(batches) else str(row.largest)


def cells(row: SizeRow, document: SizesDocument) -> tuple[str, ...]:
    """Return one line of the table under HEADINGS, with the figures of the largest batch that fits."""
    facts = (operation_name(row.operation), str(row.length), row.chip, batch(row, document.batches))
    chip = next(chip for chip in document.chips if chip.name == row.chip)
    best = row.best
    if best is None:
        return (*facts, *[NO_FIGURE] * (len(HEADINGS) - len(facts)))
    numbers, passes = best.numbers, recomputed(row, document)
    return (
        *facts,
        size(numbers.argument_bytes),
        size(numbers.temporary_bytes),
        size(numbers.code_bytes),
        f"{numbers.flops / 1e12:.2f}" if numbers.flops is not None else NO_FIGURE,
        f"{passes:.2f}" if passes is not None else NO_FIGURE,
        f"{numbers.bytes_accessed / 1e9:.1f}" if numbers.bytes_accessed is not None else NO_FIGURE,
        milliseconds(numbers.flops / chip.flops * 1e6 if numbers.flops is not None else None),
        milliseconds(numbers.roofline_us),
        f"{best.seconds:.0f} s",
    )


def refusal(row: SizeRow) -> str:
    """Return the compiler's words on the smallest batch that does not fit, in one line; empty where there is none."""
    beyond = row.beyond
    return f"batch {beyond.batch}: {beyond.message}" if beyond else ""


def size(count: int | None) -> str:
    """Return bytes for people, in MiB below a GiB."""
    if count is None:
        return NO_FIGURE
    return f"{count / 2**30:.2f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"


def milliseconds(microseconds: float | None) -> str:
    """Return a time for people."""
    return NO_FIGURE if microseconds is None else f"{microseconds / 1000:.1f} ms"


def model_title(sized: SizedModel) -> str:
    """Return the model's title with its measures."""
    shape = f"{sized.layers} layers, {sized.width} wide, {sized.heads} heads"
    weights = f", {sized.weights / 1e6:.1f} million weights" if sized.weights else ""
    return f"{sized.title}: {shape}{weights}"


def made_with(document: SizesDocument) -> str:
    """Return the packages that the figures were measured with."""
    return ", ".join(f"{name} {version}" for name, version in document.versions.items())
