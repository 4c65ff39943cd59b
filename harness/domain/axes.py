"""The axes of the matrix, and one combination of values on them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from harness.domain.devices import Device
from harness.domain.installs import InstallPolicy, KerasChoice, TextOps
from harness.domain.models import SaveFormat


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """One combination of axis values. `python` and `hub` are None unless pinned."""

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
        """The value on an axis as text; None where the axis is derived and not pinned."""
        found: str | Enum | None = getattr(self, axis.value)
        return str(found.value) if isinstance(found, Enum) else found
