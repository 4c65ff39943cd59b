"""Collect what is wrong with the files of a baseline, so that all of it is reported at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from harness.base.errors import Problem, ResultsError
from harness.base.suggestions import did_you_mean

LIMIT = 50
BY_HAND = "edited by hand? `git checkout` the file, or `hubmatrix baseline accept` writes it anew"


class FaultyLine(Exception):
    """A line can't be understood. `hint` is empty where the usual one holds."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


class Problems:
    """The problems of all files so far."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def add(self, file: str, line: int, message: str, hint: str = "") -> None:
        """Note a problem at a line."""
        self._problems.append(Problem(location=f"{file}:{line}" if line else file, message=message, hint=hint or BY_HAND))

    def raise_any(self) -> None:
        """Raise ResultsError with all problems, if there are any."""
        if not self._problems:
            return
        problems = self._problems[:LIMIT]
        if more := len(self._problems) - len(problems):
            problems.append(Problem(location=problems[-1].location, message=f"and {more} more problems below", hint=BY_HAND))
        raise ResultsError.of(tuple(problems))


def unknown(expected: str, written: str, vocabulary: Iterable[str]) -> NoReturn:
    """Raise FaultyLine for a word that isn't one of those that can stand there."""
    raise FaultyLine(f"{written!r} is not {expected}", did_you_mean(written, vocabulary))
