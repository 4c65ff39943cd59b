"""The settings of a run: the same for all its groups and cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from harness.domain import Lacking, Outcome
from harness.run.machine import Machine

Attribute: TypeAlias = Callable[[Outcome, str, str], Lacking | None]
"""From outcome, message and evidence to what this machine lacked if that made a case fail, else None. The judge's function, handed
to a run: the layers keep a run from importing the judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """One run on a machine. `preload` False: a fresh interpreter for each cell. `names`: what records say instead of addresses."""

    machine: Machine
    run: str
    attribute: Attribute
    preload: bool = True
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The work folder of this run, gone when it ends."""
        return self.machine.workspace.work / self.run
