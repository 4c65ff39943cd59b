"""The table as Markdown: the part of docs/tpu-sizes.md between two marks, whose rest is written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.report.markdown import code
from harness.studies.sizes.document import SizedChip, SizeRow, SizesDocument
from harness.studies.sizes.wording import HEADINGS, cells, made_with, model_title, operation_name, refusal, size

# Link definitions: no renderer shows them, while the site's, which lets no HTML through, would show comments.
BEGIN = '[table]: # "written by hubmatrix sizes --write, not by hand"'
RECOMPUTED = """\
*In forward passes*: a training step takes 3.0 times the operations of a forward pass of the same length. What is above
that the compiler computes again, where keeping it until the gradient would take more memory than the chip has; *TFLOP*,
*at least* and *roofline* include it."""
END = '[end-of-table]: # "what follows is written by hand"'


def render(document: SizesDocument) -> str:
    """Return the generated part of the page, with its marks."""
    return "\n".join(_lines(document)) + "\n"


def within(page: str, document: SizesDocument) -> str:
    """Return the page with its generated part replaced; appended if the page has no marks."""
    head, mark, rest = page.partition(BEGIN)
    tail = rest.partition(END)[2].lstrip("\n") if mark else ""
    gap = "" if not head or head.endswith("\n\n") else "\n"
    return f"{head}{gap}{render(document)}" + (f"\n{tail}" if tail else "")


def _lines(document: SizesDocument) -> Iterator[str]:
    yield from (BEGIN, "")
    yield f"Measured on {document.measured} with {made_with(document)}, by"
    yield f"{code(document.command)}: {document.compiles} compiles, {document.seconds / 60:.0f} minutes of compiling."
    yield ""
    yield RECOMPUTED
    yield ""
    for sized in document.models:
        yield from (f"## {model_title(sized)}", "")
        own = [row for row in document.rows if row.model == sized.name]
        yield from _table(HEADINGS, (_figures(row, document) for row in own))
        yield from _refusals(own)
    yield from (
        "## Chips",
        "",
        "What a program may use, and the peak figures of the lower bound, of one device of the compiler:",
        "",
    )
    yield from _table(("chip", "device", "memory", "bf16 TFLOP/s", "GB/s", "source"), map(_chip, document.chips))
    yield END


def _figures(row: SizeRow, document: SizesDocument) -> tuple[str, ...]:
    name, length, chip, largest, *figures = cells(row, document)
    return (name, length, chip, f"**{largest}**", *figures)


def _refusals(rows: Iterable[SizeRow]) -> Iterator[str]:
    refusals = [(row, refusal(row)) for row in rows]
    if any(text for _, text in refusals):
        yield from ("The smallest batch that was refused, in the compiler's words:", "")
        names = ("operation", "length", "chip", "refused")
        lines = ((operation_name(row.operation), str(row.length), row.chip, code(text)) for row, text in refusals if text)
        yield from _table(names, lines)


def _chip(chip: SizedChip) -> tuple[str, ...]:
    device = "the chip" if chip.devices_per_chip == 1 else f"one of {chip.devices_per_chip} in a chip"
    return chip.name, device, size(chip.device_bytes), f"{chip.flops / 1e12:.0f}", f"{chip.bandwidth / 1e9:.0f}", chip.source


def _table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = tuple(names)
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
