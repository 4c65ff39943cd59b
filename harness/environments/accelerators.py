"""Find the accelerators of this machine: by its files alone, before anything is locked or installed for them.

    device  here means
    tpu     /dev/accel0 (older drivers), or /dev/vfio/0 beside a TPU on the PCI bus, and no other process that holds it; or
            TPU_NAME is set: TPUs elsewhere
    gpu     /dev/nvidia0, or /dev/dxg under WSL

Google's vendor number alone doesn't make a TPU (their network cards and disks have it), and /dev/accel/accel0 isn't Google's.
Where these come from: jax 0.12.0.1, `jax/_src/hardware_utils.py`.

A TPU is for one process at a time. Whoever loads libtpu locks a file in /tmp (`tpu_initializer_helper.cc` of XLA); TensorFlow does
so while it is imported, says a line in its log where it fails, and goes on without a TPU.
"""

from __future__ import annotations

import fcntl
import os
import platform
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import assert_never

from harness.domain import Accelerator, Device, Lacking, Trouble

LOCK = "tmp/libtpu_lockfile"
FLOCK = "hhqqi"  # struct flock of Linux on 64 bits: l_type, l_whence, l_start, l_len, l_pid
NODES = ("accel[0-9]*", "vfio/[0-9]*", "nvidia[0-9]*", "dxg")
GOOGLE, NVIDIA = "0x1ae0", "0x10de"
TPU_CHIPS: Mapping[str, str] = {
    "0x0027": "v2 or v3",
    "0x005e": "v4",
    "0x0062": "v5p",
    "0x0063": "v5e",
    "0x006f": "v6e",
    "0x0076": "7x",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """The facts that decide which accelerators a machine has. `nodes` are below /dev; `pci` are vendor and device numbers.

    `tpu_name` and `visible_gpus` are the variables TPU_NAME and CUDA_VISIBLE_DEVICES; None for a variable that is not set.
    `tpu_holder` is the process that has libtpu's lock, 0 where it is in another container, None where nobody has it.
    """

    system: str
    nodes: tuple[str, ...] = ()
    pci: tuple[tuple[str, str], ...] = ()
    tpu_name: str | None = None
    visible_gpus: str | None = None
    tpu_holder: int | None = None


def probe(root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> MachineFacts:
    """Read names in /dev, numbers in /sys, a lock and variables; start nothing. Files that a system doesn't have are left out."""
    nodes = (path.relative_to(root / "dev").as_posix() for pattern in NODES for path in (root / "dev").glob(pattern))
    cards = (root / "sys/bus/pci/devices").glob("*")
    return MachineFacts(
        system=platform.system(),
        nodes=tuple(sorted(nodes)),
        pci=tuple(sorted({(_number(card / "vendor"), _number(card / "device")) for card in cards})),
        tpu_name=environ.get("TPU_NAME"),
        visible_gpus=environ.get("CUDA_VISIBLE_DEVICES"),
        tpu_holder=_holder(root / LOCK),
    )


def lacking(devices: Iterable[Device], facts: MachineFacts) -> Mapping[Device, Lacking]:
    """Return the devices that this machine lacks, each with what was looked for and what was found."""
    reasons = {device: _why_not(device.accelerator, facts) for device in devices}
    return {device: Lacking(trouble=Trouble.DEVICE, message=reason) for device, reason in reasons.items() if reason}


def _why_not(accelerator: Accelerator, facts: MachineFacts) -> str:
    """Return why the machine lacks it; empty where it has it."""
    match accelerator:
        case Accelerator.NONE:
            return ""
        case Accelerator.TPU:
            return _no_tpu(facts)
        case Accelerator.GPU:
            return _no_gpu(facts)
        case _:
            assert_never(accelerator)


def _no_tpu(facts: MachineFacts) -> str:
    chips = [TPU_CHIPS[number] for vendor, number in facts.pci if vendor == GOOGLE and number in TPU_CHIPS]
    opened = any(node.startswith("vfio/") for node in facts.nodes)
    if facts.tpu_name:
        return ""
    if any(node.startswith("accel") for node in facts.nodes) or (chips and opened):
        holder = f"process {facts.tpu_holder}" if facts.tpu_holder else "a process of another container"
        return "" if facts.tpu_holder is None else f"the TPU is in use: {holder} holds /{LOCK}"
    if chips:
        return f"a TPU {chips[0]} is on the PCI bus, but neither /dev/accel0 nor /dev/vfio/0 is there: it can't be opened"
    return f"no TPU on this {facts.system} machine: no /dev/accel0, no TPU on the PCI bus, TPU_NAME is not set"


def _no_gpu(facts: MachineFacts) -> str:
    if any(node == "dxg" or node.startswith("nvidia") for node in facts.nodes):
        hides = facts.visible_gpus in ("", "-1")
        return f"CUDA_VISIBLE_DEVICES={facts.visible_gpus} hides every GPU of this machine" if hides else ""
    if any(vendor == NVIDIA for vendor, _ in facts.pci):
        return "an NVIDIA card is on the PCI bus, but /dev/nvidia0 is not there: its driver is not loaded"
    return f"no NVIDIA GPU on this {facts.system} machine: no /dev/nvidia0, none on the PCI bus"


def _holder(path: Path) -> int | None:
    """Return the process that has locked the file, by what the kernel says; None for a file that can't be read."""
    # F_GETLK asks who is in the way of a lock without taking it: a lock of our own, however short, would keep a TPU from someone.
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        question = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, *_, pid = struct.unpack(FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, question))
    except OSError:
        return None
    finally:
        os.close(file)
    return None if kind == fcntl.F_UNLCK else int(pid)


def _number(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
