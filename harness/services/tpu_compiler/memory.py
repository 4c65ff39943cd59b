"""Sums of the compiler's figures of memory. Pure.

XLA says of them (xla/pjrt/pjrt_executable.h): "The on-device memory needed to run an executable is at least" code + arguments
+ outputs - those in place of arguments + temporaries. These are allocations. Its peak is something else: the largest sum of the
buffers that are alive at one moment. It counts no gaps between them, so it may be below the temporaries alone; no code; and
buffers that lie in the chip's fast memory too, so it may be above what is needed (docs/tpu-compiler.md has figures of both).
"""

from __future__ import annotations

from typing import Protocol


class Sizes(Protocol):
    """Bytes on one device; None where the compiler doesn't say."""

    @property
    def code_bytes(self) -> float | None: ...
    @property
    def argument_bytes(self) -> float | None: ...
    @property
    def output_bytes(self) -> float | None: ...
    @property
    def alias_bytes(self) -> float | None: ...
    @property
    def temporary_bytes(self) -> float | None: ...


def needed_bytes(sizes: Sizes) -> float | None:
    """Return how much of the chip's memory running the program takes; None where the compiler doesn't say all of it."""
    parts = (sizes.code_bytes, sizes.argument_bytes, sizes.output_bytes, sizes.temporary_bytes)
    if any(part is None for part in parts):
        return None
    return sum(part for part in parts if part is not None) - (sizes.alias_bytes or 0)
