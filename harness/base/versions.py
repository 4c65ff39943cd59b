"""Comparing versions as people mean it: by as many parts as they give.

    operand      2.15.1   2.16.2   2.17.1
    = 2.16       no       yes      no
    < 2.16       yes      no       no
    <= 2.16      yes      yes      no
    > 2.16       no       no       yes
    >= 2.16      no       yes      yes
    > 2.16.1     no       yes      yes

A pre- or post-release counts as its release (2.16.0rc1 as 2.16.0), unless the operand names such a part itself.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from packaging.version import InvalidVersion, Version

ORDERED: Mapping[str, Callable[[Version, Version], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def is_version(text: str) -> bool:
    """Return True if the text is a version by PEP 440."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def release_of(version: str) -> tuple[int, ...] | None:
    """Return the numbers that others are compared with; None where the version names a pre- or post-release and compares whole."""
    parsed = Version(version)
    return None if _is_more_than_a_release(parsed) else parsed.release


def same_version(value: str, operand: str) -> bool:
    """Return True if `value` equals `operand` in as many parts as `operand` has: 2.16.2 is 2.16."""
    return _compare(value, operand, operator.eq)


def in_order(value: str, sign: str, operand: str) -> bool:
    """Return True if `value sign operand` holds; `sign` is a key of ORDERED."""
    return _compare(value, operand, ORDERED[sign])


def _compare(value: str, operand: str, order: Callable[[Version, Version], bool]) -> bool:
    parsed = Version(operand)
    if _is_more_than_a_release(parsed):
        return order(Version(value), parsed)
    parts = Version(value).release[: len(parsed.release)]
    return order(Version(".".join(map(str, parts))), parsed)


def _is_more_than_a_release(version: Version) -> bool:
    return version.is_prerelease or version.is_postrelease or bool(version.local)
