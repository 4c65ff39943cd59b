"""The words of docs/design.md as frozen values: what every stage takes and gives.

Owns the closed enums and the values that travel between stages. Must not import anything of the project but
`harness.base`.
"""

from harness.domain.axes import (
    AXES,
    DERIVED,
    LISTED,
    OF_CELL,
    OF_ENVIRONMENT,
    OF_INSTALLATION,
    VERSIONED,
    Axis,
    AxisRow,
    AxisValue,
    Owner,
)
from harness.domain.cases import Case, Companion, Service
from harness.domain.cells import Cell, LeftOut, Limits, Plan, model_of
from harness.domain.combinations import (
    Axes,
    EnvironmentKey,
    Installation,
    environment_id_parts,
    environment_key,
    installation,
    installations,
)
from harness.domain.declarations import MEASURED_WITHOUT_A_CASE, Declaration, Prerequisite, UserTask, Way
from harness.domain.devices import HOSTS, Accelerator, Device
from harness.domain.environments import EnvironmentRequest, Release
from harness.domain.installs import InstallPolicy, KerasChoice, TextOps
from harness.domain.models import NO_MODEL, HubFormat, Interface, Model, SaveFormat
from harness.domain.outcomes import Lacking, Outcome, Status, Trouble

__all__ = [
    "AXES",
    "DERIVED",
    "HOSTS",
    "LISTED",
    "MEASURED_WITHOUT_A_CASE",
    "NO_MODEL",
    "OF_CELL",
    "OF_ENVIRONMENT",
    "OF_INSTALLATION",
    "VERSIONED",
    "Accelerator",
    "Axes",
    "Axis",
    "AxisRow",
    "AxisValue",
    "Case",
    "Cell",
    "Companion",
    "Declaration",
    "Device",
    "EnvironmentKey",
    "EnvironmentRequest",
    "HubFormat",
    "InstallPolicy",
    "Installation",
    "Interface",
    "KerasChoice",
    "Lacking",
    "LeftOut",
    "Limits",
    "Model",
    "Outcome",
    "Owner",
    "Plan",
    "Prerequisite",
    "Release",
    "SaveFormat",
    "Service",
    "Status",
    "TextOps",
    "Trouble",
    "UserTask",
    "Way",
    "environment_id_parts",
    "environment_key",
    "installation",
    "installations",
    "model_of",
]
