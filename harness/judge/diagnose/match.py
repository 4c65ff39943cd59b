"""Which diagnosis a message has. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """A known message with its cause and what to do.

    `says` is a regular expression for a part of the message, `tensorflow` the versions (PEP 440, empty for all) under which it
    means this. `see` is the case, or the page, that shows it: a path of the project.
    """

    id: str
    says: str
    tensorflow: str = ""
    cause: str
    do: str
    see: str

    def explains(self, message: str, tensorflow: str) -> bool:
        return bool(re.search(self.says, message)) and _is_in(tensorflow, self.tensorflow)


def diagnose(message: str, tensorflow: str, known: Sequence[Diagnosis]) -> Diagnosis | None:
    """The first of the known ones that explains the message under this version; None where none does."""
    return next((one for one in known if one.explains(message, tensorflow)), None) if message else None


def _is_in(version: str, versions: str) -> bool:
    try:
        return SpecifierSet(versions, prereleases=True).contains(Version(version))
    except InvalidVersion:
        return not versions
