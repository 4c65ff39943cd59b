"""The marks of a way in words: pure rules from states in the order of versions to one phrase.

    2.13 2.14 2.15 2.16 2.17
    ✓    ✓    ✓    ✓    ✓     works in every version tried
    ✕    ✕    ✕    ✕    ✕     works in none
    ✓    ✓    ✓    ✕    ✕     works 2.13–2.15; fails from 2.16
    ✓    ✓    ⊘    ✓    ✕     works 2.13–2.14, 2.16; fails in 2.17
    ✕    ✕    ✓    ✓    ✓     works from 2.15; fails 2.13–2.14
    ⊘    ⊘    ⊘    ⊘    ⊘     can't be tried

A range is claimed only where every minor in it was tried, and "every version" only where all of the run's were. What no version
could run in, and what wasn't tried here, is not in a phrase: the report says it once, of the version.
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
SAID: Final[Mapping[State, str]] = MappingProxyType(
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
    """The versions of a run, oldest first: what each is called, and whether no minor is missing between it and the one before."""

    labels: tuple[str, ...]
    joined: tuple[bool, ...]


def scale(versions: Sequence[str]) -> Scale:
    """2.15.1 is called 2.15 where it is the only 2.15; 2.19 does not follow 2.15, so there is no range over both."""
    minors = [tuple(version.split(".")[:2]) for version in versions]
    tally = Counter(minors)
    labels = tuple(".".join(minor) if tally[minor] == 1 else version for minor, version in zip(minors, versions, strict=True))
    return Scale(labels=labels, joined=(False, *map(_follows, minors, minors[1:])))


def _follows(before: Sequence[str], after: Sequence[str]) -> bool:
    if not all(part.isdecimal() for part in (*before, *after)) or len(before) < 2 or len(after) < 2:
        return True
    (major, minor), (next_major, next_minor) = map(int, before), map(int, after)
    return next_minor - minor <= 1 if major == next_major else next_minor == 0


def phrase(states: Sequence[State | None], shown: Scale) -> str:
    """The phrase of one track: `states` has one for each version, None where the matrix has no cell."""
    here = [place for place, state in enumerate(states) if state is not None]
    found = {state for state in states if state is not None}
    if len(found) == 1 and (len(here) > 1 or not found & SAID.keys()):
        (state,) = found
        partial = state in SAID and len(here) < len(states)
        return EVERYWHERE[state] + (f", {listed(tuple(spans(states, state, shown)), shown, None)}" if partial else "")
    said = {state: tuple(spans(states, state, shown)) for state in SAID if state in found}
    order = sorted(said, key=lambda state: (state not in _WORKING, said[state][0]))
    return "; ".join(f"{SAID[state]} {listed(said[state], shown, here[-1])}" for state in order) or "not tried"


def spans(states: Sequence[object], wanted: object, shown: Scale) -> Iterator[tuple[int, int]]:
    """First and last place of each run of a state; `states` has one for each version."""
    first: int | None = None
    for place, state in enumerate(states):
        if first is not None and (state is not wanted or not shown.joined[place]):
            yield first, place - 1
            first = None
        if state is wanted and first is None:
            first = place
    if first is not None:
        yield first, len(states) - 1


def listed(spans: Sequence[tuple[int, int]], shown: Scale, end: int | None) -> str:
    """`2.0–2.6, from 2.8`, where `end` is the last place there is; "in" before it where each is a single version."""
    told = ", ".join(_range(first, last, shown, end) for first, last in spans)
    return f"in {told}" if end is not None and all(first == last for first, last in spans) else told


def _range(first: int, last: int, shown: Scale, end: int | None) -> str:
    if first == last:
        return shown.labels[first]
    return f"from {shown.labels[first]}" if last == end and first > 0 else f"{shown.labels[first]}–{shown.labels[last]}"
