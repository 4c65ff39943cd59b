"""Slugs: one alphabet, never empty."""

from __future__ import annotations

import pytest

from harness.base.slugs import slug


@pytest.mark.parametrize(
    ("text", "joiner", "expected"),
    [
        ("2.16.2", "_", "2_16_2"),
        ("3.10", "", "310"),
        ("bert-en/3", "-", "bert-en-3"),
        ("Bert_EN/3", "-", "bert_en-3"),
        ("../", "-", "x"),
        ("…", "", "x"),
    ],
)
def test_slugs(text: str, joiner: str, expected: str) -> None:
    assert slug(text, joiner) == expected
