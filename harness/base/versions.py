"""Comparing versions as people mean it: by as many parts as they give.

    wanted       2.15.1   2.16.2   2.17.1
    = 2.16       no       yes      no
    < 2.16       yes      no       no
    <= 2.16      yes      yes      no
    > 2.16       no       no       yes
    >= 2.16      no       yes      yes
    > 2.16.1     no       yes      yes

A pre- or post-release counts as its release (2.16.0rc1 as 2.16.0), unless what is wanted names such a part itself.
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
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def same_version(value: str, wanted: str) -> bool:
    """Whether `value` is `wanted` to as many parts as `wanted` has: 2.16.2 is 2.16."""
    return _compare(value, wanted, operator.eq)


def in_order(value: str, sign: str, wanted: str) -> bool:
    """Whether `value sign wanted` holds; `sign` is one of ORDERED."""
    return _compare(value, wanted, ORDERED[sign])


def _compare(value: str, wanted: str, order: Callable[[Version, Version], bool]) -> bool:
    given = Version(wanted)
    if given.is_prerelease or given.is_postrelease or given.local:
        return order(Version(value), given)
    parts = Version(value).release[: len(given.release)]
    return order(Version(".".join(map(str, parts))), given)
