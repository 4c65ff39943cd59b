"""Find the diagnosis of a message. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from harness.matrix.selector import Context, Facts, Selector, compile_selector


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """A known message with its cause and what to do.

    `says` is a regular expression for a part of the message, `when` the condition under which this is its cause (empty: any).
    `see` is the path of the case, or of the page, that shows it.
    """

    id: str
    says: str
    when: str = ""
    cause: str
    do: str
    see: str

    def explains(self, message: str, facts: Facts) -> bool:
        """Return True if the message has this cause where these facts hold."""
        return bool(re.search(self.says, message)) and _condition(self.when)(facts)


def diagnose(message: str, facts: Facts, diagnoses: Sequence[Diagnosis]) -> Diagnosis | None:
    """Return the first diagnosis that explains the message under these facts; None if none does."""
    return next((diagnosis for diagnosis in diagnoses if diagnosis.explains(message, facts)), None) if message else None


@cache
def _condition(when: str) -> Selector:
    return compile_selector(when, Context.DECLARATION, option="when")
