"""Texts that every rendering of the table needs. Pure."""

from __future__ import annotations

from typing_extensions import assert_never

from harness.studies.sizes.document import Document, Row, SizedModel
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
    "GB",
    "at least",
    "roofline",
    "compile",
)
NOTHING = "–"


def operation(one: Operation) -> str:
    match one:
        case Operation.FORWARD:
            return "forward pass"
        case Operation.SGD:
            return "training step, SGD"
        case Operation.ADAMW:
            return "training step, AdamW"
        case _:
            assert_never(one)


def batch(row: Row, batches: tuple[int, ...]) -> str:
    """The largest that fits. A + where the largest that was tried fits, for a larger one may too."""
    if any(one.fit in (Fit.REFUSED, Fit.NO_ANSWER) for one in row.attempts):
        return "not known"
    if not row.decided:
        return "not measured" if not row.attempts else f"at least {row.largest}" if row.largest else "not known yet"
    if row.largest is None:
        return "none"
    return f"{row.largest}+" if row.largest == max(batches) else str(row.largest)


def cells(row: Row, shown: Document) -> tuple[str, ...]:
    """One line of the table under HEADINGS: the figures are those of the largest batch that fits."""
    facts = (operation(row.operation), str(row.length), row.chip, batch(row, shown.batches))
    chip = next(one for one in shown.chips if one.name == row.chip)
    best = row.best
    if best is None:
        return (*facts, *[NOTHING] * (len(HEADINGS) - len(facts)))
    said = best.numbers
    return (
        *facts,
        size(said.argument_bytes),
        size(said.temporary_bytes),
        size(said.code_bytes),
        f"{said.flops / 1e12:.2f}" if said.flops is not None else NOTHING,
        f"{said.bytes_accessed / 1e9:.1f}" if said.bytes_accessed is not None else NOTHING,
        milliseconds(said.flops / chip.flops * 1e6 if said.flops is not None else None),
        milliseconds(said.roofline_us),
        f"{best.seconds:.0f} s",
    )


def refusal(row: Row) -> str:
    """What was said of the smallest batch that does not fit, in one line; empty where there is none."""
    one = row.beyond
    return f"batch {one.batch}: {one.message}" if one else ""


def size(count: int | None) -> str:
    """Bytes for people: MiB below a GiB."""
    if count is None:
        return NOTHING
    return f"{count / 2**30:.2f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"


def milliseconds(microseconds: float | None) -> str:
    return NOTHING if microseconds is None else f"{microseconds / 1000:.1f} ms"


def model(one: SizedModel) -> str:
    shape = f"{one.layers} layers, {one.width} wide, {one.heads} heads"
    return f"{one.title}: {shape}, {one.weights / 1e6:.1f} million weights" if one.weights else f"{one.title}: {shape}"


def made_with(shown: Document) -> str:
    return ", ".join(f"{name} {version}" for name, version in shown.versions.items())
