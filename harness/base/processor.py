"""The level of this machine's processor: numbers that were measured on another one can't be compared with its own.

TensorFlow and its kernels choose their code by what the processor offers, so the last digits of a result, and its time, hang on it.
The levels are those of the x86-64 psABI; https://gitlab.com/x86-psABIs/x86-64-ABI lists the features of each.
"""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path
from typing import Final

CPUINFO = Path("/proc/cpuinfo")
LEVELS: Final = (
    ("x86-64-v2", frozenset({"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"})),
    ("x86-64-v3", frozenset({"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"})),
    ("x86-64-v4", frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})),
)
"""Each level with the flags, as Linux names them, that it has beyond the one before."""


@cache
def processor_level() -> str:
    """Return the level of this machine's processor, such as `x86-64-v3`; its architecture alone where that has no levels."""
    machine = platform.machine().lower()
    if machine not in ("x86_64", "amd64"):
        return machine
    try:
        text = CPUINFO.read_text()
    except OSError:
        return machine
    return level_of(text)


def level_of(cpuinfo: str) -> str:
    """Return the highest level of which a processor has every feature, from the text of /proc/cpuinfo."""
    flags = next((line.partition(":")[2].split() for line in cpuinfo.splitlines() if line.startswith("flags")), [])
    level = "x86-64-v1"
    for name, features in LEVELS:
        if not features.issubset(flags):
            break
        level = name
    return level
