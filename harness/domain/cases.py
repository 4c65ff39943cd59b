"""Cases: the axes and services that one uses, and the models and devices that it applies to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from harness.domain.axes import Axis
from harness.domain.declarations import Declaration, Prerequisite, Way
from harness.domain.devices import HOSTS, Device
from harness.domain.models import HubFormat, Interface, Model

WRONG_WAY = "Wrong way"
"""The first words of the docstring of a case that shows a mistake."""


class Service(str, Enum):
    """A server that the driver keeps running beside the cells; a case asks for it by the fixture of that name."""

    HUB_SERVER = "hub_server"
    TPU_COMPILER = "tpu_compiler"


class Companion(str, Enum):
    """A package that a case may ask for, by the fixture of that name: installed beside an environment, never into it."""

    TRANSFORMERS = "transformers"
    SENTENCEPIECE = "sentencepiece"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One pytest function under `cases/`. Its fixtures ask for the axes `uses`, for `services` and for `companions`.

    A case that uses no model belongs to the cells without one; any other applies to the models with one of its `formats` and
    `interfaces`, and empty means all. It runs in cells of its `devices` only, so that what is measured without hardware is not
    measured again beside every chip. `digest` covers every source that can change its outcome, but not its declarations: those are
    compared with the outcome afterwards.

    `needs` are its prerequisites, those that its fixtures imply included; `lacks` are prerequisites that it is run without.
    """

    id: str
    title: str
    uses: frozenset[Axis]
    formats: frozenset[HubFormat]
    interfaces: frozenset[Interface]
    digest: str
    services: frozenset[Service] = frozenset()
    companions: frozenset[Companion] = frozenset()
    devices: frozenset[Device] = HOSTS
    declarations: tuple[Declaration, ...] = ()
    needs: tuple[Prerequisite, ...] = ()
    lacks: tuple[Prerequisite, ...] = ()
    way: Way | None = None

    @property
    def is_wrong_way(self) -> bool:
        """True for a case that shows a mistake: it is meant to fail."""
        return self.title.startswith(WRONG_WAY)

    def bears_on(self, model: Model | None, device: Device) -> bool:
        """Return True if the case belongs to the cells of this model and device; None: to those without a model."""
        return device in self.devices and self.is_about(model)

    def is_about(self, model: Model | None) -> bool:
        """Return True if the case uses this model; None: if it uses no model."""
        # `formats` and `interfaces` don't count for a case without a model: a mark of a whole file is on all of its cases.
        if model is None or Axis.MODEL not in self.uses:
            return model is None and Axis.MODEL not in self.uses
        return (not self.formats or model.format in self.formats) and (not self.interfaces or model.interface in self.interfaces)
