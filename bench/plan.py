"""Time and memory of a plan of 100,000 cells: `python bench/plan.py`.

Bounds: 1 s, 300 MB.
"""

from __future__ import annotations

import resource
import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from harness.domain import AXES, HubFormat, Interface, Limits, Model, Release
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
        choices={row.axis: tuple(row.values) for row in AXES if row.values is not None},
        exclude=(
            Exclude(when=compile_selector("keras=legacy and tensorflow<1.16"), reason="bench", location="bench:1:1"),
            Exclude(when=compile_selector("text=with and interface!=text"), reason="bench", location="bench:1:2"),
        ),
        tiers=(Tier(name="full", title="all", select=compile_selector("not tensorflow<1.15"), location="bench:2:1"),),
        limits=Limits(case_seconds=1, import_seconds=1, install_seconds=1, memory_bytes=1, free_disk_bytes=1),
        digest="",
    )


def main() -> None:
    subject = spec(models=166)
    seconds = []
    cells = 0
    for _ in range(3):
        started = time.perf_counter()
        cells = len(expand(subject, tier="full", select="not (model=model-0/1 and device=cpu) and tensorflow>=2").cells)
        seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{cells} cells: {min(seconds):.2f} s (best of {len(seconds)}), peak memory {peak:.0f} MiB")


if __name__ == "__main__":
    main()
