"""The processor's level, from what Linux says of it."""

from __future__ import annotations

import pytest

from harness.base.processor import LEVELS, level_of, processor_level

V2, V3, V4 = (" ".join(sorted(features)) for _, features in LEVELS)


@pytest.mark.parametrize(
    ("flags", "level"),
    [
        ("", "x86-64-v1"),
        (V2, "x86-64-v2"),
        (f"{V2} {V3} fpu", "x86-64-v3"),
        (f"{V2} {V3} {V4}", "x86-64-v4"),
        (f"{V2} {V4}", "x86-64-v2"),  # a level is only reached with all those below it
        (f"{V3} {V4}", "x86-64-v1"),
    ],
)
def test_the_highest_level_with_every_feature(flags: str, level: str) -> None:
    assert level_of(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: \n") == level


def test_text_without_flags() -> None:
    assert level_of("processor : 0\n") == "x86-64-v1"


def test_of_this_machine() -> None:
    assert processor_level()
