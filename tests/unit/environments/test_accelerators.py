"""What is an accelerator, what only looks like one, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.domain import Device, Trouble
from harness.environments.accelerators import MachineFacts, lacking, probe

NETWORK_CARD = ("0x1ae0", "0x0042")
V5E = ("0x1ae0", "0x0063")
NVIDIA = ("0x10de", "0x20b5")
NO_TPU = "no TPU on this Linux machine: no /dev/accel0, no TPU on the PCI bus, TPU_NAME is not set"
NO_GPU = "no NVIDIA GPU on this Linux machine: no /dev/nvidia0, none on the PCI bus"


def why_not(device: Device, facts: MachineFacts) -> str:
    found = lacking([device], facts).get(device)
    assert found is None or found.trouble is Trouble.DEVICE
    return found.message if found else ""


@pytest.mark.parametrize("device", [device for device in Device if device not in (Device.TPU, Device.GPU)])
def test_what_needs_no_hardware_lacks_none(device: Device) -> None:
    assert lacking([device], MachineFacts(system="Linux")) == {}


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (MachineFacts(system="Linux"), NO_TPU),
        (MachineFacts(system="Darwin"), NO_TPU.replace("Linux", "Darwin")),
        (MachineFacts(system="Linux", nodes=("accel0",)), ""),
        (MachineFacts(system="Linux", nodes=("vfio/0",), pci=(V5E,)), ""),
        (MachineFacts(system="Linux", nodes=("vfio/0",), pci=(NVIDIA,)), NO_TPU),
        (MachineFacts(system="Linux", nodes=("vfio/0",), pci=(NETWORK_CARD,)), NO_TPU),
        (
            MachineFacts(system="Linux", pci=(V5E,)),
            "a TPU v5e is on the PCI bus, but neither /dev/accel0 nor /dev/vfio/0 is there: it can't be opened",
        ),
        (MachineFacts(system="Linux", tpu_name="mine"), ""),
        (MachineFacts(system="Linux", tpu_name="mine", tpu_holder=7), ""),
        (MachineFacts(system="Linux", tpu_holder=7), NO_TPU),
        (MachineFacts(system="Linux", nodes=("accel0",), tpu_holder=7), "the TPU is in use: process 7 holds /tmp/libtpu_lockfile"),
        (
            MachineFacts(system="Linux", nodes=("vfio/0",), pci=(V5E,), tpu_holder=0),
            "the TPU is in use: a process of another container holds /tmp/libtpu_lockfile",
        ),
        (MachineFacts(system="Linux", tpu_name=""), NO_TPU),
    ],
)
def test_tpu(facts: MachineFacts, why: str) -> None:
    assert why_not(Device.TPU, facts) == why


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (MachineFacts(system="Linux"), NO_GPU),
        (MachineFacts(system="Linux", nodes=("nvidia0",), pci=(NVIDIA,)), ""),
        (MachineFacts(system="Linux", nodes=("nvidia3",), visible_gpus="0"), ""),
        (MachineFacts(system="Linux", nodes=("dxg",)), ""),
        (MachineFacts(system="Linux", nodes=("accel0", "vfio/0"), pci=(V5E,)), NO_GPU),
        (
            MachineFacts(system="Linux", pci=(NVIDIA,)),
            "an NVIDIA card is on the PCI bus, but /dev/nvidia0 is not there: its driver is not loaded",
        ),
        (
            MachineFacts(system="Linux", nodes=("nvidia0",), visible_gpus="-1"),
            "CUDA_VISIBLE_DEVICES=-1 hides every GPU of this machine",
        ),
        (
            MachineFacts(system="Linux", nodes=("nvidia0",), visible_gpus=""),
            "CUDA_VISIBLE_DEVICES= hides every GPU of this machine",
        ),
    ],
)
def test_gpu(facts: MachineFacts, why: str) -> None:
    assert why_not(Device.GPU, facts) == why


def test_a_machine_is_read(tmp_path: Path) -> None:
    """Another maker's /dev/accel/accel0 and VFIO's own /dev/vfio/vfio are no devices of a TPU."""
    for node in ("accel0", "accel/accel0", "vfio/vfio", "vfio/7", "nvidia0", "nvidiactl", "null"):
        path = tmp_path / "dev" / node
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for address, (vendor, device) in {"0000:00:04.0": NETWORK_CARD, "0000:00:05.0": V5E, "0000:00:06.0": V5E}.items():
        card = tmp_path / "sys/bus/pci/devices" / address
        card.mkdir(parents=True)
        (card / "vendor").write_text(f"{vendor}\n")
        (card / "device").write_text(f"{device}\n")
    facts = probe(tmp_path, {"TPU_NAME": "mine", "CUDA_VISIBLE_DEVICES": "1"})
    assert facts.nodes == ("accel0", "nvidia0", "vfio/7")
    assert facts.pci == (NETWORK_CARD, V5E)
    assert (facts.tpu_name, facts.visible_gpus) == ("mine", "1")


def test_a_machine_without_such_folders_has_nothing(tmp_path: Path) -> None:
    facts = probe(tmp_path, {})
    assert (facts.nodes, facts.pci, facts.tpu_name, facts.visible_gpus, facts.tpu_holder) == ((), (), None, None, None)


def test_a_lock_file_that_nobody_holds_is_left_over(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp/libtpu_lockfile").touch()
    assert probe(tmp_path, {}).tpu_holder is None
