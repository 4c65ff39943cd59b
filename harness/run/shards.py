"""Divide a plan over machines that don't talk to each other: each computes the same shards and takes its own. Pure.

Longest expected first, each to the shard with the least so far. What is divided are environments, since installing and importing
one takes as long as dozens of cells; only one that is larger than a shard is split, between neighbouring cells. Nothing here may
depend on the machine: no store, no clock, and whole milliseconds, which add up to the same in any order.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness import __version__
from harness.base.workspace import Workspace
from harness.domain import HOSTS, Case, Cell, Plan, model_of
from harness.results.format import Digests
from harness.run.assign import assign
from harness.run.groups import DEFAULT_CASE_SECONDS
from harness.run.keys import digest, file_digest, incell_digest

ENVIRONMENT_SECONDS = 30.0
"""To install an environment and import TensorFlow in it, where no store says how long it took."""
OTHER_DEVICES = 4
"""A case compiles for a chip, or mirrors a model, in about so many times the seconds of a CPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Part `index` of `count`, the first of which is 1."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index} of {self.count}"


WHOLE = Shard(index=1, count=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The expected seconds of each environment, by its id; equal on all machines that divide the plan.

    `same` has the digest of what is installed, for environments that are known to be the same: they stay together, since they
    share a venv and results.
    """

    seconds: Mapping[str, float]
    same: Mapping[str, str] = field(default_factory=dict)


def digests_of(workspace: Workspace, cases: Sequence[Case]) -> Digests:
    """Return the digests of what decides what is measured, as they are now."""
    return Digests(
        # A check of a user's own model needs no matrix.yaml.
        spec=file_digest(workspace.matrix) if workspace.matrix.is_file() else "",
        cases=digest(sorted([case.id, case.digest] for case in cases)),
        incell=incell_digest(),
    )


def plan_digest(plan: Plan, digests: Digests, locks: str = "") -> str:
    """Return the digest of a plan: its cells, what decides their outcomes, and the digest of the locks that were made for it."""
    return digest({"hubmatrix": __version__, **digests.model_dump(), "locks": locks, "cells": [cell.id for cell in plan.cells]})


def estimate(plan: Plan, cases: Sequence[Case]) -> Expected:
    """Return what each environment is expected to take, by the number of its cases and their devices alone."""
    seconds = {}
    for environment, cells in _by_environment(plan).items():
        # A case runs once for each combination of the values that it uses, which is what a key stands for.
        jobs = assign(cells, cases, plan.models, lambda case, uses, _model: f"{case.id} {sorted(uses.items())}")
        runs = sum(len(job.cases) * (1 if job.cell.axes.device in HOSTS else OTHER_DEVICES) for job in jobs)
        seconds[environment] = ENVIRONMENT_SECONDS + DEFAULT_CASE_SECONDS * runs
    return Expected(seconds=seconds)


def part_of(plan: Plan, cases: Sequence[Case], shard: Shard, expected: Expected) -> Plan:
    """Return the part of a plan that is a shard's: its cells, in the plan's order, with their environments and models.

    Args:
        plan: the whole plan.
        cases: all cases.
        shard: the part.
        expected: what each environment takes.
    """
    chosen = {cell.id for cell in divide(plan, cases, shard.count, expected)[shard.index - 1]}
    cells = tuple(cell for cell in plan.cells if cell.id in chosen)
    environments = {cell.environment for cell in cells}
    models = {cell.axes.model for cell in cells}
    return replace(
        plan,
        cells=cells,
        environments={name: request for name, request in plan.environments.items() if name in environments},
        models={name: model for name, model in plan.models.items() if name in models},
    )


def divide(plan: Plan, cases: Sequence[Case], count: int, expected: Expected) -> tuple[tuple[Cell, ...], ...]:
    """Return the cells of every shard: each cell of the plan once. A shard has none where there are more shards than pieces."""
    pieces = _pieces(plan, cases, count, expected)
    loads = [(0, index) for index in range(count)]
    shards: list[list[Cell]] = [[] for _ in range(count)]
    # The sort is stable: of equal pieces the plan's first comes first, on every machine.
    for piece in sorted(pieces, key=lambda piece: -piece.milliseconds):
        load, index = heapq.heappop(loads)
        shards[index].extend(piece.cells)
        heapq.heappush(loads, (load + piece.milliseconds, index))
    return tuple(map(tuple, shards))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """Cells that stay together."""

    cells: tuple[Cell, ...]
    milliseconds: int


def _pieces(plan: Plan, cases: Sequence[Case], count: int, expected: Expected) -> tuple[_Piece, ...]:
    """Return the environments, those that are the same as one; what is larger than a shard in several pieces."""
    units: defaultdict[str, list[Cell]] = defaultdict(list)
    milliseconds: defaultdict[str, int] = defaultdict(int)
    for environment, cells in _by_environment(plan).items():
        unit = expected.same.get(environment, environment)
        units[unit].extend(cells)
        milliseconds[unit] += round(1000 * expected.seconds.get(environment, ENVIRONMENT_SECONDS))
    largest = max(1, -(-sum(milliseconds.values()) // count))
    weights = _Weights(plan, cases)
    return tuple(piece for unit, own in units.items() for piece in _split(own, milliseconds[unit], largest, weights))


def _split(cells: Sequence[Cell], milliseconds: int, largest: int, weights: _Weights) -> list[_Piece]:
    """Return the cells in as few pieces as are no larger than `largest`, by the cases that bear on them."""
    count = min(len(cells), -(-milliseconds // largest))
    if count <= 1:
        return [_Piece(cells=tuple(cells), milliseconds=milliseconds)]
    weighed = [weights.of(cell) for cell in cells]
    total, before = sum(weighed), 0
    pieces: list[list[Cell]] = [[] for _ in range(count)]
    shares = [0] * count
    for cell, weight in zip(cells, weighed, strict=True):
        number = (2 * before + weight) * count // (2 * total)  # of the middle of this cell
        pieces[number].append(cell)
        shares[number] += weight
        before += weight
    return [
        _Piece(cells=tuple(piece), milliseconds=milliseconds * share // total)
        for piece, share in zip(pieces, shares, strict=True)
        if piece
    ]


class _Weights:
    """Count the cases that bear on a cell, plus one for its process; once for all cells of a model and device."""

    def __init__(self, plan: Plan, cases: Sequence[Case]) -> None:
        self._plan, self._cases = plan, cases
        self._weights: dict[tuple[str, str], int] = {}

    def of(self, cell: Cell) -> int:
        model, device = model_of(cell, self._plan.models), cell.axes.device
        kind = cell.axes.model, device.value
        if kind not in self._weights:
            self._weights[kind] = 1 + sum(case.bears_on(model, device) for case in self._cases)
        return self._weights[kind]


def _by_environment(plan: Plan) -> Mapping[str, Sequence[Cell]]:
    cells: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in plan.cells:
        cells[cell.environment].append(cell)
    return cells
