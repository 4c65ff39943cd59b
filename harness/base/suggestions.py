"""Suggestions for words that aren't known, and the columns at which a text is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One problem in a text. `column` counts from 1."""

    column: int
    message: str
    hint: str = ""


def did_you_mean(word: str, vocabulary: Iterable[str]) -> str:
    """Return a hint for a word that isn't in the vocabulary: the closest word, or all of them if they are few."""
    choices = list(vocabulary)
    close = closest(word, choices)
    if close is not None:
        return f"did you mean {close!r}?"
    return f"known: {', '.join(choices)}" if 0 < len(choices) <= 10 else ""


def closest(word: str, vocabulary: Iterable[str]) -> str | None:
    """Return the word of the vocabulary that is most like this one; None if none is close."""
    return next(iter(get_close_matches(word, list(vocabulary), n=1)), None)
