"""Say the marks of a way in words: pure rules from states in the order of versions to one phrase.

    2.13 2.14 2.15 2.16 2.17
    ✓    ✓    ✓    ✓    ✓     works in every version tried
    ✕    ✕    ✕    ✕    ✕     works in none
    ✓    ✓    ✓    ✕    ✕     works 2.13–2.15; fails from 2.16
    ✓    ✓    ⊘    ✓    ✕     works 2.13–2.14, 2.16; fails in 2.17
    ✕    ✕    ✓    ✓    ✓     works from 2.15; fails 2.13–2.14
    ⊘    ⊘    ⊘    ⊘    ⊘     can't be tried

A range is claimed only where every minor in it was tried, and "every version" only where all versions of the run were. Versions
in which nothing could run, or that were not tried here, are not in a phrase: the report says that once, of the version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from harness.report.document import State

EVERYWHERE: Final[Mapping[State, str]] = MappingProxyType(
    {
        State.PASSED: "works in every version tried",
        State.FAILED: "works in none",
        State.DECLARED: "fails as declared everywhere",
        State.OTHERWISE: "fails otherwise than declared everywhere",
        State.UNEXPECTED: "works everywhere, though declared to fail",
        State.CRASHED: "crashes in every version tried",
        State.TIMED_OUT: "times out in every version tried",
        State.MIXED: "works in part in every version tried",
        State.SKIPPED: "skipped in every version",
        State.NOT_APPLICABLE: "applies in none",
        State.BLOCKED: "can't be tried",
        State.UNAVAILABLE: "not tried: unavailable here",
        State.NOT_RUN: "not run",
    }
)
# In the order in which a phrase says them, where several begin at the same version.
VERBS: Final[Mapping[State, str]] = MappingProxyType(
    {
        State.PASSED: "works",
        State.UNEXPECTED: "works though declared to fail",
        State.MIXED: "works in part",
        State.FAILED: "fails",
        State.DECLARED: "fails as declared",
        State.OTHERWISE: "fails otherwise than declared",
        State.CRASHED: "crashes",
        State.TIMED_OUT: "times out",
        State.SKIPPED: "skipped",
        State.NOT_APPLICABLE: "does not apply",
    }
)
_WORKING = (State.PASSED, State.UNEXPECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The versions of a run, oldest first: the label of each, and whether its minor follows that of the version before."""

    labels: tuple[str, ...]
    joined: tuple[bool, ...]


def scale(versions: Sequence[str]) -> Scale:
    """Return the scale of versions in ascending order.

    2.15.1 is called 2.15 where it is the only 2.15; 2.19 does not follow 2.15, so there is no range over both.
    """
    minors = [tuple(version.split(".")[:2]) for version in versions]
    tally = Counter(minors)
    labels = tuple(".".join(minor) if tally[minor] == 1 else version for minor, version in zip(minors, versions, strict=True))
    return Scale(labels=labels, joined=(False, *map(_follows, minors, minors[1:])))


def _follows(before: Sequence[str], after: Sequence[str]) -> bool:
    if not all(part.isdecimal() for part in (*before, *after)) or len(before) < 2 or len(after) < 2:
        return True
    # The first minor of a major follows whatever came before it: 2.0 follows 1.15.
    (major, minor), (next_major, next_minor) = map(int, before), map(int, after)
    return next_minor - minor <= 1 if major == next_major else next_minor == 0


def phrase(states: Sequence[State | None], version_scale: Scale) -> str:
    """Return the phrase of one track. `states` has one state for each version, None where the matrix has no cell."""
    tried = [index for index, state in enumerate(states) if state is not None]
    different = {state for state in states if state is not None}
    if len(different) == 1 and (len(tried) > 1 or not different & VERBS.keys()):
        (state,) = different
        if state not in VERBS or len(tried) == len(states):
            return EVERYWHERE[state]
        return f"{EVERYWHERE[state]}, {listed(tuple(spans(states, state, version_scale)), version_scale, None)}"
    spans_by_state = {state: tuple(spans(states, state, version_scale)) for state in VERBS if state in different}
    order = sorted(spans_by_state, key=lambda state: (state not in _WORKING, spans_by_state[state][0]))
    return "; ".join(f"{VERBS[state]} {listed(spans_by_state[state], version_scale, tried[-1])}" for state in order) or "not tried"


def spans(states: Sequence[object], state: object, version_scale: Scale) -> Iterator[tuple[int, int]]:
    """Yield the first and last index of each run of `state` in `states`, which has one state for each version."""
    first: int | None = None
    for index, state_of_version in enumerate(states):
        if first is not None and (state_of_version is not state or not version_scale.joined[index]):
            yield first, index - 1
            first = None
        if state_of_version is state and first is None:
            first = index
    if first is not None:
        yield first, len(states) - 1


def listed(spans: Sequence[tuple[int, int]], version_scale: Scale, end: int | None) -> str:
    """List spans of versions in words: `2.0–2.6, from 2.8`, or `in 2.0, 2.8` where each is a single version.

    A range that reaches `end`, the last index that was tried, is open: `from 2.8`. With None no range is, and no "in" is set.
    """
    ranges = ", ".join(_range(first, last, version_scale, end) for first, last in spans)
    return f"in {ranges}" if end is not None and all(first == last for first, last in spans) else ranges


def _range(first: int, last: int, version_scale: Scale, end: int | None) -> str:
    labels = version_scale.labels
    if first == last:
        return labels[first]
    return f"from {labels[first]}" if last == end and first > 0 else f"{labels[first]}–{labels[last]}"
