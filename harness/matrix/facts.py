"""Facts that conditions are tested on. The names that each context has are in `harness.matrix.names`.

Owns the value, and builds it for a planned cell; for what was measured `harness.judge.facts` builds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from types import MappingProxyType
from typing import Protocol

from harness.domain import NO_MODEL, Axis, Interface

NO_PACKAGES: Mapping[str, str] = MappingProxyType({})
_AXES = tuple(axis.value for axis in Axis)
_values_on_axes = attrgetter(*_AXES)


class HasAxes(Protocol):
    """An object with a value on every axis, such as `harness.domain.Axes` and the records of results."""

    @property
    def model(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts by name; None for a fact without a value, such as a pin that isn't there.

    `packages` are versions by the normalized names of what is installed. Asking for a name that isn't among the facts is a
    mistake of the program, not of the user: a condition is only compiled for a context whose facts have all of its names.
    """

    values: Mapping[str, str | None]
    packages: Mapping[str, str] = field(default_factory=lambda: NO_PACKAGES)

    def __getitem__(self, name: str) -> str | None:
        if name.startswith("package("):
            return self.packages.get(name[len("package(") : -1])
        return self.values[name]

    def also(self, values: Mapping[str, str | None]) -> Facts:
        """Return the facts with more of them, or others in their place."""
        return Facts({**self.values, **values}, self.packages)


def on_axes(axes: HasAxes, interfaces: Mapping[str, Interface]) -> dict[str, str | None]:
    """Return the axis values, and the interface of the model; None where the model isn't among those.

    A cell without a model has one to ask about all the same: `model=none`.
    """
    # Members of the axes' enums are texts themselves. A plan makes 100,000 of these, and `.value` would double its time.
    values: dict[str, str | None] = dict(zip(_AXES, _values_on_axes(axes), strict=True))
    values["model"], values["interface"] = axes.model or NO_MODEL, interfaces.get(axes.model)
    return values


def planned(axes: HasAxes, interfaces: Mapping[str, Interface], environment: str | None = None, cell: str | None = None) -> Facts:
    """Return the facts of a cell before anything ran: `python` and `hub` are pins."""
    values = on_axes(axes, interfaces)
    values["environment"], values["cell"] = environment, cell
    return Facts(values)
