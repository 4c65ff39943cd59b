"""The axes of the matrix, as one table. Whatever lists axes derives its list from here.

See "Adding an axis" in CONTRIBUTING.md for what else a new row needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

from harness.base.slugs import slug
from harness.domain.devices import Accelerator, Device
from harness.domain.installs import InstallPolicy, KerasChoice, TextOps
from harness.domain.models import SaveFormat

AxisValue: TypeAlias = str | Enum | None
"""A value on an axis: text where any version or model can be on it, else a member of its enum; None where it isn't pinned."""


class Axis(str, Enum):
    """A named dimension of the matrix. `python` and `hub` are derived unless an include pins them."""

    TENSORFLOW = "tensorflow"
    INSTALL = "install"
    KERAS = "keras"
    TEXT = "text"
    MODEL = "model"
    FORMAT = "format"
    DEVICE = "device"
    PYTHON = "python"
    HUB = "hub"


class Owner(str, Enum):
    """The owner of an axis: it tells environments apart, or the cells of one environment."""

    ENVIRONMENT = "environment"
    CELL = "cell"


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisRow:
    """Everything that the harness knows about one axis.

    `values` is the enum of its values, None if they are text. `expected` is the noun for a value in messages. `heading` is the
    axis's name for people, `words` the text for a value whose own name isn't clear; empty words are not shown.
    `versioned` values are compared as versions. A `derived` axis has a value only where an include pins it. `missing` is the
    value in files that are older than the axis; None if there are no such files.
    `in_environment_id` makes a value's part of the id of an environment, empty for the usual value.
    `environment_part` names the attribute of a cell's value that nevertheless tells environments apart.
    """

    axis: Axis
    owner: Owner
    heading: str
    values: type[Enum] | None = None
    expected: str = ""
    words: Mapping[Enum, str] = field(default_factory=dict)
    usual: Enum | None = None
    versioned: bool = False
    derived: bool = False
    missing: Enum | None = None
    in_environment_id: Callable[[Any], str] = lambda _value: ""
    environment_part: str = ""

    @property
    def name(self) -> str:
        """The name of the axis in files, selectors and attributes."""
        return self.axis.value


def _version(prefix: str, joiner: str) -> Callable[[str | None], str]:
    return lambda version: "" if version is None else prefix + slug(version, joiner)


def _unless(usual: Enum) -> Callable[[Enum], str]:
    return lambda value: "" if value is usual else str(value.value)


AXES = (
    AxisRow(
        axis=Axis.TENSORFLOW,
        owner=Owner.ENVIRONMENT,
        heading="TensorFlow",
        versioned=True,
        in_environment_id=_version("tf-", "_"),
    ),
    AxisRow(
        axis=Axis.INSTALL,
        owner=Owner.ENVIRONMENT,
        heading="Installed",
        values=InstallPolicy,
        expected="an install policy",
        in_environment_id=lambda policy: str(policy.value),
    ),
    AxisRow(
        axis=Axis.KERAS,
        owner=Owner.ENVIRONMENT,
        heading="Keras",
        values=KerasChoice,
        expected="a Keras choice",
        words={KerasChoice.DEFAULT: "default Keras", KerasChoice.LEGACY: "legacy Keras"},
        usual=KerasChoice.DEFAULT,
        in_environment_id=_unless(KerasChoice.DEFAULT),
    ),
    AxisRow(
        axis=Axis.TEXT,
        owner=Owner.ENVIRONMENT,
        heading="tensorflow-text",
        values=TextOps,
        expected="with or without",
        words={TextOps.WITHOUT: "", TextOps.WITH: "with tensorflow-text"},
        usual=TextOps.WITHOUT,
        missing=TextOps.WITHOUT,
        in_environment_id=lambda text: "text" if text is TextOps.WITH else "",
    ),
    AxisRow(axis=Axis.MODEL, owner=Owner.CELL, heading="Model"),
    AxisRow(axis=Axis.FORMAT, owner=Owner.CELL, heading="Format", values=SaveFormat, expected="a format"),
    AxisRow(
        axis=Axis.DEVICE,
        owner=Owner.CELL,
        heading="Device",
        values=Device,
        expected="a device",
        # Most devices share the environments of the CPU; hardware has packages of its own.
        environment_part="accelerator",
        in_environment_id=_unless(Accelerator.NONE),
    ),
    AxisRow(
        axis=Axis.PYTHON,
        owner=Owner.ENVIRONMENT,
        heading="Python",
        versioned=True,
        derived=True,
        in_environment_id=_version("py", ""),
    ),
    AxisRow(
        axis=Axis.HUB,
        owner=Owner.ENVIRONMENT,
        heading="tensorflow-hub",
        versioned=True,
        derived=True,
        in_environment_id=_version("hub-", "_"),
    ),
)
"""Every axis, in the order in which values stand in an environment's id."""

OF_ENVIRONMENT = tuple(row for row in AXES if row.owner is Owner.ENVIRONMENT)
OF_CELL = tuple(row for row in AXES if row.owner is Owner.CELL)
DERIVED = tuple(row for row in AXES if row.derived)
LISTED = tuple(row for row in AXES if not row.derived)
"""The axes whose values matrix.yaml lists."""

OF_INSTALLATION = tuple(row for row in OF_ENVIRONMENT if row.values is not None)
"""The axes that say how an environment is installed, whatever its TensorFlow; the report has a section for each combination."""

VERSIONED = frozenset(row.axis for row in AXES if row.versioned)
