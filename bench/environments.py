"""`environments`: how long one environment takes to build from a warm cache (venv, then sync by hard links)."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import subject
from bench.commands import tell
from harness.base.workspace import Workspace
from harness.environments import venv

TARGET_SECONDS = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """One environment, built several times."""

    environment: str
    packages: int
    seconds: tuple[float, ...]


def measure(base: Path, select: str, repeat: int) -> tuple[Built, ...]:
    """Build each environment once without the clock, which fills the cache, then `repeat` times, in turn with the others."""
    identified = subject.identify(Workspace(root=base), select)
    seconds: dict[str, list[float]] = {request.id: [] for request, _ in identified}
    for turn in range(repeat + 1):
        for request, identity in identified:
            shutil.rmtree(venv.venv_folder(base / "venvs", identity.lock, identity.interpreter), ignore_errors=True)
            os.sync()  # the removal is not part of it
            started = time.monotonic()
            subject.install(base / "venvs", identity)
            elapsed = time.monotonic() - started
            tell(f"{request.id}: {'warming up' if turn == 0 else f'{elapsed:.2f} s'}")
            seconds[request.id] += [elapsed] if turn else []
    return tuple(
        Built(environment=request.id, packages=len(identity.lock.packages), seconds=tuple(seconds[request.id]))
        for request, identity in identified
    )


def as_json(built: Sequence[Built]) -> dict[str, Any]:
    """Return format 1: the seconds of each build."""
    listed = [
        {"environment": build.environment, "packages": build.packages, "seconds": [round(second, 3) for second in build.seconds]}
        for build in built
    ]
    return {"format": 1, "benchmark": "environments", "target_seconds": TARGET_SECONDS, "environments": listed}


def as_text(built: Sequence[Built]) -> str:
    """Return a row for each environment."""
    width = max(len(build.environment) for build in built) + 2
    lines = [f"{'environment':<{width}}{'packages':>10}{'median s':>10}{'slowest s':>11}"]
    for build in built:
        lines.append(f"{build.environment:<{width}}{build.packages:>10}{median(build.seconds):>10.2f}{max(build.seconds):>11.2f}")
    return "\n".join([*lines, f"target: under {TARGET_SECONDS} s each"])
