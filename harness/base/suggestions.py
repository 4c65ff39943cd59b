"""Suggest what somebody may have meant, and say where in a text they went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a selector's text. `column` counts from 1."""

    column: int
    message: str
    hint: str = ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint for a word that is none of the known ones: the closest, or all of them where they are few."""
    choices = list(known)
    close = get_close_matches(word, choices, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(choices)}" if 0 < len(choices) <= 10 else ""
