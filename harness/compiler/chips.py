"""The chips that the compiler knows without having one: topologies, and what each can do at most.

Peak figures are per chip, from Google's documentation of each version (`source`). Where the topology's device is a core
(`cores` 2), a program has half of them: v2, v3, v7x, and v4 as libtpu describes it without a chip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

GIB = 2**30
DOCS = "https://docs.cloud.google.com/tpu/docs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """`topologies` by number of devices, smallest first. Bytes, bytes per second, bf16 operations per second, of a whole chip."""

    name: str
    topologies: Mapping[int, str]
    cores: int
    memory_bytes: int
    bandwidth: float
    peak_flops: float
    source: str

    @property
    def device_bytes(self) -> int:
        return self.memory_bytes // self.cores

    def topology(self, devices: int) -> str | None:
        """The smallest that has as many devices; None where there is none."""
        return next((name for count, name in sorted(self.topologies.items()) if count >= devices), None)

    def roofline_us(self, flops: float, bytes_accessed: float) -> float:
        """The least time of a program on one device: what its arithmetic or its memory traffic takes at the peak."""
        return max(flops / (self.peak_flops / self.cores), bytes_accessed / (self.bandwidth / self.cores)) * 1e6


CHIPS: Mapping[str, Chip] = {
    chip.name: chip
    for chip in (
        Chip(
            name="v2",
            topologies={8: "v2:2x2"},
            cores=2,
            memory_bytes=16 * GIB,
            bandwidth=700e9,
            peak_flops=46e12,
            source=f"{DOCS}/v2",
        ),
        Chip(
            name="v3",
            topologies={8: "v3:2x2"},
            cores=2,
            memory_bytes=32 * GIB,
            bandwidth=900e9,
            peak_flops=123e12,
            source=f"{DOCS}/v3",
        ),
        Chip(
            name="v4",
            topologies={2: "v4:1x1x1", 8: "v4:2x2x1"},
            cores=2,
            memory_bytes=32 * GIB,
            bandwidth=1200e9,
            peak_flops=275e12,
            source=f"{DOCS}/v4",
        ),
        Chip(
            name="v5e",
            topologies={1: "v5e:1x1", 4: "v5e:2x2", 16: "v5e:4x4"},
            cores=1,
            memory_bytes=16 * GIB,
            bandwidth=819e9,
            peak_flops=197e12,
            source=f"{DOCS}/v5e",
        ),
        Chip(
            name="v5p",
            topologies={1: "v5p:1x1x1", 4: "v5p:2x2x1"},
            cores=1,
            memory_bytes=95 * GIB,
            bandwidth=2765e9,
            peak_flops=459e12,
            source=f"{DOCS}/v5p",
        ),
        Chip(
            name="v6e",
            topologies={1: "v6e:1x1", 4: "v6e:2x2"},
            cores=1,
            memory_bytes=32 * GIB,
            bandwidth=1600e9,
            peak_flops=918e12,
            source=f"{DOCS}/v6e",
        ),
        Chip(
            name="7x",
            topologies={8: "tpu7x:2x2x1"},
            cores=2,
            memory_bytes=192 * GIB,
            bandwidth=7370e9,
            peak_flops=2307e12,
            source=f"{DOCS}/tpu7x",
        ),
    )
}
