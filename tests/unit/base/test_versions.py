"""The table in the docstring of harness.base.versions is what it does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.base import versions
from harness.base.versions import in_order, is_version, same_version

ROWS = [line.split() for line in (versions.__doc__ or "").splitlines() if line.startswith("    ") and line.split()[0] != "operand"]
VALUES = ("2.15.1", "2.16.2", "2.17.1")


def holds(value: str, sign: str, operand: str) -> bool:
    return same_version(value, operand) if sign == "=" else in_order(value, sign, operand)


def test_the_table_was_found() -> None:
    assert len(ROWS) == 6


@pytest.mark.parametrize(("sign", "operand", "answers"), [(sign, operand, answers) for sign, operand, *answers in ROWS])
def test_table(sign: str, operand: str, answers: list[str]) -> None:
    assert ["yes" if holds(value, sign, operand) else "no" for value in VALUES] == answers


@pytest.mark.parametrize(
    ("value", "operand", "same"),
    [
        ("3.10", "3.1", False),
        ("3.1", "3.10", False),
        ("3.9", "3.9.0", True),
        ("2.16.0rc1", "2.16", True),
        ("2.16.0rc1", "2.16.0", True),
        ("2.16.0rc1", "2.16.0rc1", True),
        ("2.16.0", "2.16.0rc1", False),
        ("2.16.2.post1", "2.16.2", True),
        ("2.16.2", "2.16.2.post1", False),
        ("12.16.2", "2.16", False),
    ],
)
def test_same_version(value: str, operand: str, same: bool) -> None:
    assert same_version(value, operand) is same


def test_what_is_a_version() -> None:
    assert is_version("2.16.0rc1")
    assert not is_version("2.16.*")
    assert not is_version("")


RELEASES = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@given(RELEASES, RELEASES)
def test_exactly_one_of_before_same_after(value: str, operand: str) -> None:
    assert [in_order(value, "<", operand), same_version(value, operand), in_order(value, ">", operand)].count(True) == 1
    assert in_order(value, "<=", operand) is not in_order(value, ">", operand)
    assert in_order(value, ">=", operand) is not in_order(value, "<", operand)
