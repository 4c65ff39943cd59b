"""What a program needs of a chip's memory, by XLA's own sum; its peak is another figure."""

from __future__ import annotations

import json
from pathlib import Path

from harness.services.tpu_compiler.answers import DeviceNumbers
from harness.services.tpu_compiler.memory import needed_bytes

SIZES = Path(__file__).parents[4] / "docs" / "tpu-sizes.json"


def test_the_sum() -> None:
    numbers = DeviceNumbers(code_bytes=1, argument_bytes=20, output_bytes=300, alias_bytes=100, temporary_bytes=4000, peak_bytes=9)
    assert needed_bytes(numbers) == 4221


def test_a_figure_that_the_compiler_does_not_give() -> None:
    assert needed_bytes(DeviceNumbers(code_bytes=1, argument_bytes=20, output_bytes=300)) is None


def test_every_program_that_compiled_needs_at_least_its_temporaries_and_at_most_its_chip() -> None:
    attempts = [attempt for row in json.loads(SIZES.read_text())["rows"] for attempt in row["attempts"]]
    programs = [DeviceNumbers(**attempt["numbers"]) for attempt in attempts if attempt["fit"] == "fits"]
    assert len(programs) == 24
    for numbers in programs:
        needed = needed_bytes(numbers)
        assert needed is not None
        assert (numbers.temporary_bytes or 0) <= needed <= (numbers.chip_bytes or 0)
