"""Phrases, word for word, and that none claims a version in which the way did not do what it says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.document import State
from harness.report.phrase import EVERYWHERE, VERBS, phrase, scale

LETTERS = {
    "w": State.PASSED,
    "f": State.FAILED,
    "d": State.DECLARED,
    "x": State.UNEXPECTED,
    "c": State.CRASHED,
    "t": State.TIMED_OUT,
    "p": State.MIXED,
    "s": State.SKIPPED,
    "b": State.BLOCKED,
    "u": State.UNAVAILABLE,
    "n": State.NOT_RUN,
    ".": None,
}
FIVE = ("2.13.1", "2.14.1", "2.15.1", "2.16.2", "2.17.1")


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        ("wwwww", "works in every version tried"),
        ("fffff", "works in none"),
        ("ddddd", "fails as declared everywhere"),
        ("xxxxx", "works everywhere, though declared to fail"),
        ("ccccc", "crashes in every version tried"),
        ("bbbbb", "can't be tried"),
        ("uuuuu", "not tried: unavailable here"),
        ("nnnnn", "not run"),
        ("unbun", "not tried"),
        ("sssss", "skipped in every version"),
        ("wwwff", "works 2.13–2.15; fails from 2.16"),
        ("wwwwf", "works 2.13–2.16; fails in 2.17"),
        ("ffwww", "works from 2.15; fails 2.13–2.14"),
        ("wwbwf", "works 2.13–2.14, 2.16; fails in 2.17"),
        ("wuwww", "works 2.13, from 2.15"),
        ("wwwwn", "works 2.13–2.16"),
        ("wwwwb", "works 2.13–2.16"),
        ("wfwfw", "works in 2.13, 2.15, 2.17; fails in 2.14, 2.16"),
        ("xddff", "works though declared to fail in 2.13; fails as declared 2.14–2.15; fails from 2.16"),
        ("wctps", "works in 2.13; crashes in 2.14; times out in 2.15; works in part in 2.16; skipped in 2.17"),
        ("...ww", "works in every version tried, 2.16–2.17"),
        ("..w..", "works in 2.15"),
        ("w.w..", "works in every version tried, 2.13, 2.15"),
        ("..b..", "can't be tried"),
        (".....", "not tried"),
    ],
)
def test_phrase(marks: str, said: str) -> None:
    assert phrase([LETTERS[letter] for letter in marks], scale(FIVE)) == said


@pytest.mark.parametrize(
    ("versions", "marks", "said"),
    [
        (("2.15.1", "2.19.1", "2.21.0"), "wwf", "works in 2.15, 2.19; fails in 2.21"),
        (("2.15.1", "2.19.1", "2.20.0"), "wff", "works in 2.15; fails from 2.19"),
        (("1.15.5", "2.0.4", "2.1.4"), "wwf", "works 1.15–2.0; fails in 2.1"),
        (("2.15.0", "2.15.1", "2.16.2"), "wwf", "works 2.15.0–2.15.1; fails in 2.16"),
        (("nightly", "2.16.2"), "wf", "works in nightly; fails in 2.16"),
    ],
)
def test_no_range_spans_a_minor_that_is_not_in_the_run(versions: tuple[str, ...], marks: str, said: str) -> None:
    assert phrase([LETTERS[letter] for letter in marks], scale(versions)) == said


def test_every_state_has_its_words() -> None:
    assert set(EVERYWHERE) == set(State)
    assert set(State) - set(VERBS) == {State.BLOCKED, State.UNAVAILABLE, State.NOT_RUN}


@given(st.lists(st.sampled_from([None, *State]), min_size=1, max_size=9))
def test_a_phrase_read_back_gives_the_states_that_it_was_made_of(states: list[State | None]) -> None:
    labels = [f"2.{minor}" for minor in range(len(states))]
    said = phrase(states, scale(labels))
    found = {state for state in states if state is not None}
    if "every" in said or "none" in said:
        assert len(found) == 1
        return
    for state, words in VERBS.items():
        part = next((part for part in said.split("; ") if re.match(rf"{words} (in |from )?\d", part)), "")
        claimed: set[str] = set()
        for span in re.findall(r"from [\d.]+|[\d.]+–[\d.]+|[\d.]+", part):
            first, last = (span[5:], labels[-1]) if span.startswith("from") else (span.split("–") * 2)[:2]
            claimed |= set(labels[labels.index(first) : labels.index(last) + 1])
        exact = {label for label, one in zip(labels, states, strict=True) if one is state}
        here = {label for label, one in zip(labels, states, strict=True) if one is not None}
        assert claimed & here == exact
