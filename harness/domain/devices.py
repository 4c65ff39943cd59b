"""The devices that programs are made for, and the hardware that they need."""

from __future__ import annotations

from enum import Enum


class Accelerator(str, Enum):
    """Hardware that needs packages of its own, and so an environment of its own."""

    NONE = "none"
    TPU = "tpu"
    GPU = "gpu"


class Device(str, Enum):
    """The device that programs are made for.

    `xla-cpu`: run under `jit_compile=True` (`experimental_compile` before TF 2.5). `tpu-*`: compiled ahead of time for that
    chip, by the TPU compiler, and not run. `mirrored-2`: run by MirroredStrategy over two logical CPU devices. `tpu`, `gpu`:
    run by such hardware, where this machine has it.
    """

    CPU = "cpu"
    XLA_CPU = "xla-cpu"
    TPU_V2 = "tpu-v2"
    TPU_V3 = "tpu-v3"
    TPU_V4 = "tpu-v4"
    TPU_V5E = "tpu-v5e"
    TPU_V5P = "tpu-v5p"
    TPU_V6E = "tpu-v6e"
    TPU_7X = "tpu-7x"
    MIRRORED_2 = "mirrored-2"
    TPU = "tpu"
    GPU = "gpu"

    @property
    def accelerator(self) -> Accelerator:
        """The hardware that cells of this device need. Compiling for a chip needs none."""
        match self:
            case Device.TPU:
                return Accelerator.TPU
            case Device.GPU:
                return Accelerator.GPU
            case _:
                return Accelerator.NONE


HOSTS = frozenset({Device.CPU, Device.XLA_CPU})
"""The devices of every case that doesn't name others: they need no hardware."""
