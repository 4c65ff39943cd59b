"""The keys of a plan, and the results that earlier runs have under them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from harness.results.format import CellRecord, EnvironmentRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanKeys:
    """The keys of a plan."""

    cases: Collection[str]
    environments: Collection[str]
    cells: Collection[str]


class MeasuredCase(NamedTuple):
    """A measured case: its row in the store, and what it took. `cpu_seconds` is None where that was not measured."""

    row: int
    seconds: float
    cpu_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The results of earlier runs under the keys of a plan.

    `cases` are the rows of the newest whole measurement of each key, one for each variant; `environments` and `cells` the
    newest records whose status can be reused, of cells only of those that did not complete. `seconds` is how long each case took
    when it was last seen, by its id.
    """

    cases: Mapping[str, tuple[MeasuredCase, ...]] = field(default_factory=dict)
    environments: Mapping[str, EnvironmentRecord] = field(default_factory=dict)
    cells: Mapping[str, CellRecord] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
