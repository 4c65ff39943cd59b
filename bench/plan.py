"""`plan`: CPU seconds and memory of large plans. Bounds: 100,000 cells in 1 s, a million in 10 s, memory in proportion."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

from harness.domain import (
    Axis,
    Device,
    HubFormat,
    InstallPolicy,
    Interface,
    KerasChoice,
    Limits,
    Model,
    Release,
    SaveFormat,
    TextOps,
)
from harness.matrix import Exclude, Spec, Tier
from harness.matrix.plan import expand
from harness.matrix.selector import compile_selector


def spec(models: int) -> Spec:
    """Build a spec of 23 releases, both install policies and Keras choices, three formats, two devices: 552 cells a model.

    Every tenth model takes strings and has as many again, with tensorflow-text; those of the others are excluded.
    """
    interfaces = {f"model-{n}/1": Interface.DICT if n % 10 else Interface.TEXT for n in range(models)}
    return Spec(
        releases=tuple(
            Release(version=f"2.{minor}.1", package="tensorflow", released=date(2024, 1, 1), pythons=("3.11",))
            for minor in range(23)
        ),
        models=tuple(
            Model(id=id_, handle=f"https://tfhub.dev/{id_}", format=HubFormat.SAVED_MODEL_2, interface=interface)
            for id_, interface in interfaces.items()
        ),
        choices={
            Axis.INSTALL: (InstallPolicy.AS_RELEASED, InstallPolicy.TODAY),
            Axis.KERAS: tuple(KerasChoice),
            Axis.TEXT: tuple(TextOps),
            Axis.FORMAT: tuple(SaveFormat),
            Axis.DEVICE: (Device.CPU, Device.XLA_CPU),
        },
        exclude=(
            Exclude(when=compile_selector("keras=legacy and tensorflow<1.16"), reason="bench", location="bench:1:1"),
            Exclude(when=compile_selector("text=with and interface!=text"), reason="bench", location="bench:1:2"),
        ),
        tiers=(Tier(name="full", title="all", select=compile_selector("not tensorflow<1.15"), location="bench:2:1"),),
        limits=Limits(case_seconds=1, import_seconds=1, install_seconds=1, memory_bytes=1, free_disk_bytes=1),
        digest="",
    )


SELECT = "not (model=model-0/1 and device=cpu) and tensorflow>=2"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCost:
    """A plan's cells, CPU seconds of each time that it was made, and the most bytes that it held."""

    cells: int
    seconds: tuple[float, ...]
    peak_bytes: int


def measure(models: Sequence[int], repeat: int) -> tuple[PlanCost, ...]:
    """Make a plan of so many models several times, then once more with its memory counted, which slows it down."""
    costs = []
    for count in models:
        subject = spec(models=count)
        seconds = []
        for _ in range(repeat):
            started = time.process_time()
            expand(subject, tier="full", select=SELECT)
            seconds.append(time.process_time() - started)
        tracemalloc.start()
        cells = len(expand(subject, tier="full", select=SELECT).cells)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        costs.append(PlanCost(cells=cells, seconds=tuple(seconds), peak_bytes=peak))
    return tuple(costs)


def as_json(costs: Sequence[PlanCost]) -> dict[str, Any]:
    """Return format 1, in CPU seconds and bytes."""
    plans = [{"cells": cost.cells, "seconds": list(cost.seconds), "peak_bytes": cost.peak_bytes} for cost in costs]
    return {"format": 1, "benchmark": "plan", "plans": plans}


def as_text(costs: Sequence[PlanCost]) -> str:
    """Return a row for each size."""
    lines = [f"{'cells':>10}{'CPU s':>9}{'us a cell':>11}{'peak MiB':>10}"]
    for cost in costs:
        seconds = median(cost.seconds)
        microseconds = seconds / cost.cells * 1e6
        lines.append(f"{cost.cells:>10,}{seconds:>9.2f}{microseconds:>11.1f}{cost.peak_bytes / 2**20:>10.0f}")
    return "\n".join(lines)
