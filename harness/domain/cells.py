"""Cells, their limits, and the plan that they are in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.domain.combinations import Axes
from harness.domain.environments import EnvironmentRequest
from harness.domain.models import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a cell. `case_seconds` bounds the time between two events of a cell, so it also bounds start and exit."""

    case_seconds: float
    import_seconds: float
    install_seconds: float
    memory_bytes: int
    free_disk_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One combination of axis values under an id that is never parsed."""

    id: str
    axes: Axes
    environment: str


def model_of(cell: Cell, models: Mapping[str, Model]) -> Model | None:
    """Return the cell's model, by its id; None for a cell without one."""
    return models[cell.axes.model] if cell.axes.model else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """The number of cells that an exclude rule removed, with the rule, its reason and its location (file, line and column)."""

    when: str
    reason: str
    location: str
    cells: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The cells of a run, in order. Every cell's environment is in `environments`, its model, if it has one, in `models`."""

    cells: tuple[Cell, ...]
    environments: Mapping[str, EnvironmentRequest]
    models: Mapping[str, Model]
    left_out: tuple[LeftOut, ...]
