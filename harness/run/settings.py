"""How a run goes about it: the same for all its groups and cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.base.workspace import Workspace
from harness.domain import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to run: `slots` busy cores, `preload` False for a fresh interpreter a cell, `names` for what records must not hold."""

    uv: Path
    workspace: Workspace
    limits: Limits
    slots: int
    preload: bool
    run: str
    names: Mapping[str, str] = field(default_factory=dict)
