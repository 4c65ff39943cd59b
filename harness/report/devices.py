"""Sort the devices into realms, as a reader sees them: this machine, chips to compile for, strategies, hardware."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import Enum

from typing_extensions import assert_never

from harness.domain import Device
from harness.judge.verdict import CellVerdict
from harness.report.document import CellView, DeviceCount


class Realm(str, Enum):
    """A realm of devices, by how their cells run.

    `host`: on the CPU, which every machine has. `chip`: compiled ahead of time for a TPU. `strategy`: by a distribution strategy
    over logical devices. `hardware`: on a device that the machine may have.
    """

    HOST = "host"
    CHIP = "chip"
    STRATEGY = "strategy"
    HARDWARE = "hardware"


def realm(device: Device) -> Realm:
    """Return the realm of a device."""
    match device:
        case Device.CPU | Device.XLA_CPU:
            return Realm.HOST
        case Device.TPU_V2 | Device.TPU_V3 | Device.TPU_V4 | Device.TPU_V5E | Device.TPU_V5P | Device.TPU_V6E | Device.TPU_7X:
            return Realm.CHIP
        case Device.MIRRORED_2:
            return Realm.STRATEGY
        case Device.TPU | Device.GPU:
            return Realm.HARDWARE
        case _:
            assert_never(device)


def count(cells: Sequence[CellView]) -> tuple[DeviceCount, ...]:
    """Count the cells of each device by verdict, over all versions, in the order of the axis."""
    tally = Counter((cell.axes.device, cell.verdict) for cell in cells)
    return tuple(
        DeviceCount(device=device, cells={verdict: tally[device, verdict] for verdict in CellVerdict})
        for device in Device
        if any(tally[device, verdict] for verdict in CellVerdict)
    )
