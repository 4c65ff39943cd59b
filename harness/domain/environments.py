"""What a user asks for when they install an environment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from harness.domain.combinations import Installation
from harness.domain.devices import Accelerator


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One TensorFlow release: the package a user asks for, its first upload day and the CPythons it has Linux wheels for."""

    version: str
    package: str
    released: date
    pythons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRequest(Installation):
    """What a user would have asked for: requirements, a date, an interpreter's range, and environment variables.

    `second_opinion_on`: the id of the environment that this is the same as, on an older Python; None for what the matrix asks.
    """

    id: str
    release: Release
    accelerator: Accelerator = Accelerator.NONE
    python: str | None
    hub: str | None
    second_opinion_on: str | None = None
