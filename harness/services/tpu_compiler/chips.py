"""The chips that the compiler knows without having one: their topologies, and what each can do at most.

Peak figures are of a whole chip, from Google's documentation of each version (`source`). The device that a program is compiled
for is half a chip where libtpu describes each of its two cores as one (`devices_per_chip` 2): v2, v3 and 7x. v4 is described
so too unless its configuration "megacore" is asked for, which is how a v4 presents itself to TensorFlow and JAX.

The compiler itself gives programs a little less memory than the chip has; in its own words (libtpu 0.0.51), a device: v2 7.48G,
v3 15.48G, v4 30.75G, v5e 15.75G, v5p 95.73G, v6e 31.24G, 7x 94.74G.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

GIB = 2**30
DOCS = "https://docs.cloud.google.com/tpu/docs"
DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One version of the TPU, under the name that the axis `device` has for it, without `tpu-`.

    topologies          libtpu's names, by number of devices
    configuration       libtpu's name for how its cores are presented
    devices_per_chip    how many devices share the figures below
    memory_bytes        HBM
    bandwidth           of HBM, bytes per second
    peak_flops          bf16 operations per second
    """

    name: str
    topologies: Mapping[int, str]
    configuration: str = DEFAULT
    devices_per_chip: int = 1
    memory_bytes: int
    bandwidth: float
    peak_flops: float
    source: str

    @property
    def device_bytes(self) -> int:
        return self.memory_bytes // self.devices_per_chip

    def topology(self, devices: int) -> tuple[str, str] | None:
        """Return the smallest topology with that many devices, and the configuration of its chips; None if there is none."""
        smallest = next((name for count, name in sorted(self.topologies.items()) if count >= devices), None)
        return (smallest, self.configuration) if smallest else None

    def roofline_us(self, flops: float, bytes_accessed: float) -> float:
        """Return the least time of a program on one device, in microseconds: of its arithmetic or memory traffic at the peak."""
        return max(flops / self.peak_flops, bytes_accessed / self.bandwidth) * self.devices_per_chip * 1e6


CHIPS: Mapping[str, Chip] = {
    chip.name: chip
    for chip in (
        Chip(
            name="v2",
            topologies={2: "v2:1x1", 8: "v2:2x2", 32: "v2:4x4"},
            devices_per_chip=2,
            memory_bytes=16 * GIB,
            bandwidth=700e9,
            peak_flops=46e12,
            source=f"{DOCS}/v2",
        ),
        Chip(
            name="v3",
            topologies={2: "v3:1x1", 8: "v3:2x2", 32: "v3:4x4"},
            devices_per_chip=2,
            memory_bytes=32 * GIB,
            bandwidth=900e9,
            peak_flops=123e12,
            source=f"{DOCS}/v3",
        ),
        Chip(
            name="v4",
            topologies={1: "v4:1x1x1", 4: "v4:2x2x1", 8: "v4:2x2x2"},
            configuration="megacore",
            memory_bytes=32 * GIB,
            bandwidth=1200e9,
            peak_flops=275e12,
            source=f"{DOCS}/v4",
        ),
        Chip(
            name="v5e",
            topologies={1: "v5e:1x1", 4: "v5e:2x2", 8: "v5e:2x4", 16: "v5e:4x4"},
            memory_bytes=16 * GIB,
            bandwidth=819e9,
            peak_flops=197e12,
            source=f"{DOCS}/v5e",
        ),
        Chip(
            name="v5p",
            topologies={1: "v5p:1x1x1", 4: "v5p:2x2x1", 8: "v5p:2x2x2"},
            memory_bytes=95 * GIB,
            bandwidth=2765e9,
            peak_flops=459e12,
            source=f"{DOCS}/v5p",
        ),
        Chip(
            name="v6e",
            topologies={1: "v6e:1x1", 4: "v6e:2x2", 8: "v6e:2x4", 16: "v6e:4x4"},
            memory_bytes=32 * GIB,
            bandwidth=1638e9,
            peak_flops=918e12,
            source=f"{DOCS}/v6e",
        ),
        # Google's page says of this one: "TensorFlow is not supported" (JAX and PyTorch are).
        Chip(
            name="7x",
            topologies={2: "tpu7x:1x1x1", 8: "tpu7x:2x2x1", 16: "tpu7x:2x2x2"},
            devices_per_chip=2,
            memory_bytes=192 * GIB,
            bandwidth=7380e9,
            peak_flops=2307e12,
            source=f"{DOCS}/tpu7x",
        ),
    )
}
