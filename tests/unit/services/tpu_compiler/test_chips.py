"""What a chip can do at most: of a whole chip in the table, of one device in answers."""

from __future__ import annotations

import pytest

from harness.domain import Device
from harness.services.tpu_compiler.chips import CHIPS, GIB


def test_every_chip_of_the_axis_is_known_and_no_other() -> None:
    named = {device.value.removeprefix("tpu-") for device in Device if device.value.startswith("tpu-")}
    assert set(CHIPS) == named
    assert all(name == chip.name for name, chip in CHIPS.items())


def test_every_figure_names_its_source() -> None:
    assert all(chip.source.startswith("https://docs.cloud.google.com/tpu/docs/") for chip in CHIPS.values())


@pytest.mark.parametrize(
    ("chip", "devices", "topology"),
    [
        ("v5e", 1, ("v5e:1x1", "default")),
        ("v5e", 2, ("v5e:2x2", "default")),
        ("v5e", 16, ("v5e:4x4", "default")),
        ("v5e", 17, None),
        ("v4", 1, ("v4:1x1x1", "megacore")),
        ("v2", 1, ("v2:1x1", "default")),
        ("7x", 3, ("tpu7x:2x2x1", "default")),
    ],
)
def test_the_smallest_topology_that_has_so_many_devices(chip: str, devices: int, topology: tuple[str, str] | None) -> None:
    assert CHIPS[chip].topology(devices) == topology


def test_a_core_has_half_of_its_chip() -> None:
    assert CHIPS["v3"].device_bytes == 16 * GIB
    assert CHIPS["v4"].device_bytes == 32 * GIB


@pytest.mark.parametrize(
    ("chip", "flops", "traffic", "microseconds"),
    [
        pytest.param("v5e", 197e12, 0, 1e6, id="a second of arithmetic"),
        pytest.param("v5e", 0, 819e9, 1e6, id="a second of traffic"),
        pytest.param("v5e", 197e6, 819e9, 1e6, id="the longer of both"),
        pytest.param("v3", 123e12, 0, 2e6, id="one of two cores takes twice as long"),
    ],
)
def test_least_time(chip: str, flops: float, traffic: float, microseconds: float) -> None:
    assert CHIPS[chip].roofline_us(flops, traffic) == pytest.approx(microseconds)
