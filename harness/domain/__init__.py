"""The words of docs/design.md as frozen values: what every stage takes and gives.

Owns the closed enums and the values that travel between stages. Must not import anything of the project.
"""

from harness.domain.axes import Axes, Axis
from harness.domain.cases import Case, Companion, Service
from harness.domain.cells import Cell, LeftOut, Limits, Plan
from harness.domain.declarations import MEASURED_WITHOUT_A_CASE, Declaration, Prerequisite, UserTask, Way
from harness.domain.devices import HOSTS, Accelerator, Device
from harness.domain.environments import EnvironmentRequest, Release
from harness.domain.installs import InstallPolicy, KerasChoice, TextOps
from harness.domain.models import HubFormat, Interface, Model, SaveFormat
from harness.domain.outcomes import Lacking, Outcome, Status, Trouble

__all__ = [
    "HOSTS",
    "MEASURED_WITHOUT_A_CASE",
    "Accelerator",
    "Axes",
    "Axis",
    "Case",
    "Cell",
    "Companion",
    "Declaration",
    "Device",
    "EnvironmentRequest",
    "HubFormat",
    "InstallPolicy",
    "Interface",
    "KerasChoice",
    "Lacking",
    "LeftOut",
    "Limits",
    "Model",
    "Outcome",
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
]
