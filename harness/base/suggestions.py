"""Suggest what somebody may have meant, and say where in a text they went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a text. `column` counts from 1."""

    column: int
    message: str
    hint: str = ""


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return a hint for a word that is none of the choices: the closest, or all of them where they are few."""
    listed = list(choices)
    close = closest(word, listed)
    if close is not None:
        return f"did you mean {close!r}?"
    return f"known: {', '.join(listed)}" if 0 < len(listed) <= 10 else ""


def closest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that the word may be a slip of; None where none is close."""
    return next(iter(get_close_matches(word, list(choices), n=1)), None)
