"""Which diagnosis a message has. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from harness.matrix.selector import Context, Facts, Selector, compile_selector


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """A known message with its cause and what to do.

    `says` is a regular expression for a part of the message, `when` the condition (empty: everywhere) under which it means this.
    `see` is the case, or the page, that shows it: a path of the project.
    """

    id: str
    says: str
    when: str = ""
    cause: str
    do: str
    see: str

    def explains(self, message: str, facts: Facts) -> bool:
        """Say whether this is what the message means where those are the facts."""
        return bool(re.search(self.says, message)) and _condition(self.when)(facts)


def diagnose(message: str, facts: Facts, diagnoses: Sequence[Diagnosis]) -> Diagnosis | None:
    """Return the first diagnosis that explains the message under these facts; None where none does."""
    return next((diagnosis for diagnosis in diagnoses if diagnosis.explains(message, facts)), None) if message else None


@cache
def _condition(when: str) -> Selector:
    return compile_selector(when, Context.DECLARATION, option="when")
