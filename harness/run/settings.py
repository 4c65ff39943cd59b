"""How a run goes about it: the same for all its groups and cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from harness.base.workspace import Workspace
from harness.domain import Lacking, Limits, Outcome

Attribute: TypeAlias = Callable[[Outcome, str, str], Lacking | None]
"""Of outcome, message and evidence: what this machine lacks if that made a case fail. The judge's answer, given to a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to run: `slots` busy cores, `preload` False for a fresh interpreter a cell, `names` for what records must not hold."""

    uv: Path
    workspace: Workspace
    limits: Limits
    slots: int
    preload: bool
    run: str
    attribute: Attribute
    names: Mapping[str, str] = field(default_factory=dict)
