"""The contents of the baseline as values. Nothing in them is about time but the day of each part, and about how long cases take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from harness.domain import InstallPolicy, KerasChoice, Outcome, Status, TextOps, Trouble
from harness.results.format import EnvironmentRecord, FailureRecord

FORM: Final = 1
"""The version of the text form. A reader refuses every other."""


class Combination(NamedTuple):
    """A case with the values of the axes that it uses: what is measured once in an environment, in as many variants as it has."""

    case: str
    axes: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of a variant of a case.

    `failure` is an id in `Baseline.failures`, empty for none. `message` is None where it follows from the failure, or from the
    prerequisites that don't hold; `evidence` is None where the traceback of the same signature stands for its own.
    """

    outcome: Outcome
    failure: str = ""
    message: str | None = ""
    evidence: str | None = ""
    unmet: tuple[str, ...] = ()
    measured: tuple[tuple[str, float], ...] = ()
    beside: tuple[tuple[str, str], ...] = ()
    processor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEnding:
    """The end of a cell. `model` is empty in cells without one."""

    id: str
    model: str
    format: str
    device: str
    status: Status
    trouble: Trouble | None = None
    message: str = ""
    evidence: str = ""


class EnvironmentAxes(NamedTuple):
    """The axis values that tell environments apart; `python` and `hub` are None unless pinned."""

    tensorflow: str
    install: InstallPolicy
    keras: KerasChoice
    text: TextOps
    python: str | None
    hub: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentPart:
    """All facts about one environment. `record` is None where only its cells are known.

    `measured` is the day of the newest of its facts, `system` the operating system and machine that they were measured on.
    """

    id: str
    axes: EnvironmentAxes
    measured: str
    system: str
    record: EnvironmentRecord | None
    cells: Mapping[str, CellEnding]
    endings: Mapping[Combination, Mapping[str, Ending]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The cells that a case bears on: those of these devices and these models, the empty one for cells without a model.

    `cpu_seconds` is how long the case takes, about: a power of two, or zero below one second.
    """

    devices: frozenset[str]
    models: frozenset[str]
    cpu_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Traceback:
    """The end of a traceback, and where the failure was seen that it is of."""

    text: str
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """All that is known, environment by environment. `tracebacks` are by signature, `failures` by signature and words."""

    parts: Mapping[str, EnvironmentPart] = field(default_factory=dict)
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    failures: Mapping[str, FailureRecord] = field(default_factory=dict)
    tracebacks: Mapping[str, Traceback] = field(default_factory=dict)

    @property
    def days(self) -> tuple[str, str]:
        """The first and the last day on which parts were measured; empty where there are none."""
        days = sorted(part.measured for part in self.parts.values())
        return (days[0], days[-1]) if days else ("", "")


def signature_of(failure_id: str) -> str:
    """Return the signature in the id of a failure."""
    return failure_id.partition("/")[0]


def values_on(cell: CellEnding, axes: tuple[str, ...], part: EnvironmentAxes) -> tuple[str, ...]:
    """Return a cell's values on axes, in their order; the empty text where it has none."""
    return tuple([str(_value(cell, name, part) or "") for name in axes])


def _value(cell: CellEnding, name: str, part: EnvironmentAxes) -> object:
    if name in ("model", "format", "device"):
        return getattr(cell, name)
    value = getattr(part, name, None)
    return getattr(value, "value", value)
