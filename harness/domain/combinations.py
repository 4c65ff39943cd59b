"""Combinations of axis values: one of all axes, and one of those that say how an environment is installed.

Their fields are written out so that they have types; tests/unit/domain/test_axes.py compares them with the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import product
from operator import attrgetter
from typing import Any, TypeAlias

from harness.domain.axes import AXES, OF_INSTALLATION, Axis, AxisValue, Owner
from harness.domain.devices import Device
from harness.domain.installs import InstallPolicy, KerasChoice, TextOps
from harness.domain.models import SaveFormat

EnvironmentKey: TypeAlias = tuple[AxisValue, ...]
"""Identifies an environment: a value for each axis of environments, and the accelerator of the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """One combination of axis values. `python` and `hub` are None unless pinned; `model` is empty in cells without one."""

    tensorflow: str
    install: InstallPolicy
    keras: KerasChoice
    text: TextOps = TextOps.WITHOUT
    model: str
    format: SaveFormat
    device: Device
    python: str | None = None
    hub: str | None = None

    def value(self, axis: Axis) -> str | None:
        """Return the value on an axis as text; None where the axis is derived and not pinned."""
        value: AxisValue = getattr(self, axis.value)
        return str(value.value) if isinstance(value, Enum) else value


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Installation:
    """A way to install: the values of `OF_INSTALLATION`. Classes of things that belong to one way to install derive from it."""

    install: InstallPolicy
    keras: KerasChoice
    text: TextOps = TextOps.WITHOUT

    def as_arguments(self) -> dict[str, Any]:
        """Return the values by the names of their axes, to build an object that belongs to this way to install."""
        return {row.name: getattr(self, row.name) for row in OF_INSTALLATION}


def installation(subject: Axes | Installation) -> Installation:
    """Return the subject's way to install, without the rest of the subject."""
    return Installation(**{row.name: getattr(subject, row.name) for row in OF_INSTALLATION})


def installations() -> Iterator[Installation]:
    """Yield every possible way to install, in the order of the enums."""
    names = [row.name for row in OF_INSTALLATION]
    for combination in product(*(row.values or () for row in OF_INSTALLATION)):
        arguments: dict[str, Any] = dict(zip(names, combination, strict=True))
        yield Installation(**arguments)


def environment_key(axes: Axes) -> EnvironmentKey:
    """Return the key of a cell's environment: equal for all cells that share it."""
    return _read_key(axes)


def environment_id_parts(key: EnvironmentKey) -> tuple[str, ...]:
    """Return the words of an environment's id, those of usual values left out."""
    words = (make(value) for make, value in zip(_ID_PARTS, key, strict=True))
    return tuple(word for word in words if word)


_KEY_ROWS = tuple(row for row in AXES if row.owner is Owner.ENVIRONMENT or row.environment_part)
# attrgetter follows dots, and was the fastest way: a matrix has 100,000 combinations.
_read_key: Callable[[Axes], EnvironmentKey] = attrgetter(
    *(f"{row.name}.{row.environment_part}" if row.environment_part else row.name for row in _KEY_ROWS)
)
_ID_PARTS = tuple(row.in_environment_id for row in _KEY_ROWS)
