"""The table as a value, and as people see it."""

from __future__ import annotations

import io
import json

import jsonschema
import pytest
from rich.console import Console

from harness.studies.sizes import markdown, terminal
from harness.studies.sizes.document import SizesDocument, build_document, sizes_schema
from harness.studies.sizes.measure import QuestionState
from harness.studies.sizes.model import BATCHES, Operation, Question, Trial
from harness.studies.sizes.wording import HEADINGS, batch, cells, refusal, size
from tests.unit.studies.sizes.made import REFUSAL, fits, lost, refused, too_large

HOSTILE = "RESOURCE_EXHAUSTED: </script><b> | `x` (31.50G) exceeds available HBM (15.75G)"


def question(operation: Operation = Operation.ADAMW, chip: str = "v5e", length: int = 512) -> Question:
    return Question(model="bert-base", operation=operation, length=length, chip=chip)


def shown(*found: QuestionState) -> SizesDocument:
    versions = {"TensorFlow": "2.15.1"}
    return build_document(found, batches=BATCHES, command="hubmatrix sizes", versions=versions)


def one(*tried: Trial) -> SizesDocument:
    return shown(QuestionState(question=question(), trials=tried, weights=109_482_240, day="2026-11-20"))


def test_the_figures_are_those_of_the_largest_that_fits() -> None:
    made = one(too_large(128), fits(8, temporary=2**30), fits(16, temporary=2 * 2**30), too_large(32))
    (row,) = made.rows
    assert [attempt.batch for attempt in row.attempts] == [8, 16, 32, 128]
    assert row.largest == 16
    told = dict(zip(HEADINGS, cells(row, made), strict=True))
    assert told == {
        "operation": "training step, AdamW",
        "length": "512",
        "chip": "v5e",
        "largest batch": "16",
        "arguments": "1.50 GiB",
        "temporary": "2.00 GiB",
        "code": "12 MiB",
        "TFLOP": "5.50",
        "in forward passes": "–",
        "GB": "25.0",
        "at least": "27.9 ms",
        "roofline": "30.5 ms",
        "compile": "31 s",
    }
    assert refusal(row) == f"batch 32: {REFUSAL}"
    assert row.attempts[2].used_bytes == int(31.5 * 2**30)


def test_what_a_step_computes_again_is_told_in_forward_passes() -> None:
    """Of a row of the batch: the largest batch of the step need not be that of the forward pass."""
    forward = QuestionState(question=question(operation=Operation.FORWARD), trials=(fits(128),), weights=1)
    made = shown(forward, QuestionState(question=question(), trials=(fits(64),), weights=1))
    column = HEADINGS.index("in forward passes")
    assert [cells(row, made)[column] for row in made.rows] == ["–", "2.00"]


@pytest.mark.parametrize(
    ("tried", "text"),
    [
        ((), "not measured"),
        ((fits(128),), "128+"),
        ((too_large(128), fits(64)), "64"),
        ((too_large(128), too_large(1)), "none"),
        ((too_large(128),), "not known yet"),
        ((too_large(128), fits(8)), "at least 8"),
        ((refused(128),), "not known"),
        ((lost(128),), "not known"),
    ],
)
def test_what_is_known_of_the_largest(tried: tuple[Trial, ...], text: str) -> None:
    made = one(*tried)
    assert batch(made.rows[0], made.batches) == text
    assert len(cells(made.rows[0], made)) == len(HEADINGS)


def test_half_a_chip_has_half_of_everything_for_a_program() -> None:
    (chip,) = shown(QuestionState(question=question(chip="v3"))).chips
    assert (chip.devices_per_chip, chip.device_bytes, chip.flops) == (2, 16 * 2**30, 61.5e12)


def test_the_lower_bound_is_that_of_the_chip_as_it_is_known_now() -> None:
    """Answers are kept for long; figures of chips are mended."""
    attempt = one(fits(128)).rows[0].attempts[0]
    assert attempt.numbers.chip_bytes == 16 * 2**30
    assert attempt.numbers.roofline_us == pytest.approx(max(5.5e12 / 197e12, 2.5e10 / 819e9) * 1e6, rel=1e-6)


def test_the_document_follows_its_schema_and_survives_a_round_trip() -> None:
    made = one(too_large(128), fits(64))
    text = made.model_dump_json(exclude_none=True)
    jsonschema.validate(json.loads(text), sizes_schema())
    assert SizesDocument.model_validate_json(text) == made
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**json.loads(text), "format": 2}, sizes_schema())


def test_every_rendering_names_every_row_and_the_refusal() -> None:
    found = [
        QuestionState(question=question(operation, chip), trials=(too_large(128), fits(64)), weights=1)
        for operation in Operation
        for chip in ("v5e", "v4")
    ]
    made = shown(*found)
    console = Console(width=250, record=True, file=io.StringIO())
    console.print(terminal.render(made))
    for text in (console.export_text(), markdown.render(made)):
        assert text.count("training step, AdamW") >= 2
        assert "(31.50G) exceeds available HBM (15.75G)" in text
        assert "BERT-base" in text


def test_the_compilers_words_are_no_markup() -> None:
    made = one(too_large(128, HOSTILE), fits(64))
    (line,) = [line for line in markdown.render(made).splitlines() if "batch 128" in line]
    assert line.replace(r"\|", "").count("|") == 5


def test_a_page_keeps_what_is_written_by_hand_around_the_table() -> None:
    first = markdown.within("# Title\n\nBy hand.\n", one(fits(128)))
    assert first.startswith(f"# Title\n\nBy hand.\n\n{markdown.BEGIN}\n")
    second = markdown.within(first + "\n## Findings\n", one(too_large(128), fits(64)))
    assert "128+" not in second
    assert second.startswith("# Title\n\nBy hand.\n\n")
    assert second.endswith(f"{markdown.END}\n\n## Findings\n")
    assert markdown.within(second, one(too_large(128), fits(64))) == second


@pytest.mark.parametrize(("count", "text"), [(None, "–"), (0, "0 MiB"), (3 * 2**20, "3 MiB"), (2**30, "1.00 GiB")])
def test_bytes_for_people(count: int | None, text: str) -> None:
    assert size(count) == text
