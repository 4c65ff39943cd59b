"""The spec: matrix.yaml as a frozen value, and the combinations it names.

Owns no parsing and makes no ids; see `harness.matrix.reader` and `harness.matrix.plan`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import chain, product
from typing import Any, TypeAlias

from harness.base.errors import SelectionError
from harness.base.suggestions import did_you_mean
from harness.domain import (
    AXES,
    OF_CELL,
    OF_ENVIRONMENT,
    Accelerator,
    Axes,
    Axis,
    AxisRow,
    AxisValue,
    Device,
    Limits,
    Model,
    Release,
)
from harness.matrix.facts import planned
from harness.matrix.names import INTERFACE
from harness.matrix.selector import Conjunct, Interfaces, Selector, Vocabulary

AxisValues: TypeAlias = Mapping[Axis, tuple[AxisValue, ...]]
"""Values on every axis; their product is a set of combinations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclude:
    """A rule that removes combinations, but not those that an include names. `location` is its file, line and column."""

    when: Selector
    reason: str
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Include:
    """Extra combinations: the product of `values`. Only here can `python` and `hub` be pinned."""

    values: AxisValues
    reason: str
    location: str

    def combinations(self) -> Iterator[Axes]:
        """Return the combinations it adds, in the matrix's order."""
        return combinations(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A named slice of the matrix."""

    name: str
    title: str
    select: Selector
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """The values on each axis. `releases` are in ascending order; `choices` has the axes whose values are those of an enum."""

    releases: tuple[Release, ...]
    models: tuple[Model, ...]
    choices: Mapping[Axis, tuple[Enum, ...]]

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices of the matrix."""
        return tuple(map(Device, self.choices[Axis.DEVICE]))

    def values(self) -> AxisValues:
        """Return the values of the full product. Nothing is pinned in it."""
        return {row.axis: self._values_on(row) for row in AXES}

    def _values_on(self, row: AxisRow) -> tuple[AxisValue, ...]:
        if row.derived:
            return (None,)
        match row.axis:
            case Axis.TENSORFLOW:
                return tuple(release.version for release in self.releases)
            case Axis.MODEL:
                return tuple(model.id for model in self.models)
            case _:
                return self.choices.get(row.axis, () if row.missing is None else (row.missing,))

    def vocabulary(self) -> Vocabulary:
        """Return the values of each axis as text. Any hub version may be pinned, so `hub` isn't in it."""
        pythons = tuple(dict.fromkeys(python for release in self.releases for python in release.pythons))
        listed = {row.name: tuple(map(_text, self._values_on(row))) for row in AXES if not row.derived}
        return {**listed, Axis.PYTHON.value: pythons}

    def interfaces(self) -> Interfaces:
        """Return the interface of each model."""
        return {model.id: model.interface for model in self.models}

    def combinations(self) -> Iterator[Axes]:
        """Return the full product in the matrix's order; see `combinations`."""
        return combinations(self.values())

    def narrowed(self, conditions: Iterable[Conjunct]) -> AxisValues:
        """Return the values that pass each condition that asks about their axis alone.

        Everything that the conditions select is in the product of these, which is often a hundredth of the full one.
        """
        values = dict(self.values())
        # One combination stands for all: a condition on one axis has the same answer whatever the other axes have.
        sample = next(combinations(values), None)
        if sample is None:
            return values
        interfaces = self.interfaces()
        for condition in conditions:
            axis = _only_axis(condition.names)
            if axis is not None:
                facts = ((value, planned(_moved(sample, axis, value), interfaces)) for value in values[axis])
                values[axis] = tuple(value for value, of_value in facts if condition.test(of_value))
        return values

    def matching(self, selector: Selector) -> Iterator[Axes]:
        """Return the combinations that the selector selects. It asks about axes only: there are no ids yet."""
        interfaces = self.interfaces()
        narrowed = combinations(self.narrowed(selector.conjuncts))
        return (axes for axes in narrowed if selector(planned(axes, interfaces)))

    def occurs(self, selector: Selector) -> bool:
        """Return True if any combination matches. Only the axes that the selector asks about are combined."""
        axes_used = {axis for axis in map(_axis_of, selector.names) if axis is not None}
        values = {axis: on_axis if axis in axes_used else on_axis[:1] for axis, on_axis in self.values().items()}
        interfaces = self.interfaces()
        return any(selector(planned(axes, interfaces)) for axes in combinations(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec(Space):
    """The whole of matrix.yaml. `digest` is the sha256 of its text."""

    include: tuple[Include, ...] = ()
    exclude: tuple[Exclude, ...] = ()
    tiers: tuple[Tier, ...] = ()
    limits: Limits
    digest: str

    def tier(self, name: str) -> Tier:
        """Return the tier of that name. Raises SelectionError for one that matrix.yaml doesn't name."""
        for tier in self.tiers:
            if tier.name == name:
                return tier
        raise SelectionError(f"no tier {name!r}", location="--tier", hint=did_you_mean(name, (tier.name for tier in self.tiers)))

    def included(self) -> frozenset[Axes]:
        """Return the combinations that includes name, whatever the excludes say."""
        return frozenset(chain.from_iterable(include.combinations() for include in self.include))


def combinations(values: AxisValues) -> Iterator[Axes]:
    """Return the product in the matrix's order: the axes of environments vary slowest, those of cells fastest.

    Devices that ask for packages of their own come after all others of their environment, so that environments stay together.
    """
    cells = _by_accelerator(tuple(_products(OF_CELL, values)))
    for environment in _products(OF_ENVIRONMENT, values):
        for cell in cells:
            yield Axes(**environment, **cell)


def _products(rows: tuple[AxisRow, ...], values: AxisValues) -> Iterator[dict[str, Any]]:
    names = [row.name for row in rows]
    for combination in product(*(values[row.axis] for row in rows)):
        yield dict(zip(names, combination, strict=True))


def accelerators(devices: Iterable[Device]) -> tuple[Accelerator, ...]:
    """Return the accelerators that the devices need, each once, in their order."""
    return tuple(dict.fromkeys(device.accelerator for device in devices))


def _by_accelerator(cells: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    kinds = accelerators(cell[Axis.DEVICE.value] for cell in cells)
    return sorted(cells, key=lambda cell: kinds.index(cell[Axis.DEVICE.value].accelerator))


def _axis_of(name: str) -> Axis | None:
    """Return the axis that a name of the selector language depends on; None for ids, which depend on many."""
    if name == INTERFACE:
        return Axis.MODEL
    return next((row.axis for row in AXES if row.name == name), None)


def _only_axis(names: Collection[str]) -> Axis | None:
    axes = {_axis_of(name) for name in names}
    return axes.pop() if len(axes) == 1 else None


def _moved(axes: Axes, axis: Axis, value: AxisValue) -> Axes:
    arguments: dict[str, Any] = {axis.value: value}
    return replace(axes, **arguments)


def _text(value: AxisValue) -> str:
    return str(value.value) if isinstance(value, Enum) else str(value)
