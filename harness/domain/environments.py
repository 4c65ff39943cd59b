"""Requests for environments, as a user would make them."""

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
    """A request for an environment, from which requirements, a date and environment variables follow.

    `python` and `hub` are pins. `second_opinion_on`: the id of the environment that this one repeats on an older Python; None for
    the matrix's own.
    """

    id: str
    release: Release
    accelerator: Accelerator = Accelerator.NONE
    python: str | None
    hub: str | None
    second_opinion_on: str | None = None
