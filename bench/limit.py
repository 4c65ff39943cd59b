"""The least time in which the cells can be measured: one import an environment, then nothing but the bodies, on all cores.

No tool gets there: cells that share a process are not isolated from each other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from bench.commands import PAYLOAD, output, tell
from bench.subject import Environment, Subject
from harness.run.machine import cores


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """One environment, in a process that nothing else shares. Pairs are seconds on the clock and of the processor."""

    tensorflow: str
    imported: tuple[float, float]
    bodies: tuple[tuple[float, float], ...]

    def seconds(self, cells: int) -> float:
        return self.imported[0] + sum(body[0] for body in self.bodies[:cells])

    def processor_seconds(self, cells: int) -> float:
        return self.imported[1] + sum(body[1] for body in self.bodies[:cells])


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The measurement of every environment."""

    environments: tuple[Bare, ...]

    def seconds(self, cells: int) -> float:
        """Return the seconds for `cells` cells in each environment, spread over the cores without any loss."""
        return sum(bare.seconds(cells) for bare in self.environments) / cores()

    def processor_seconds(self, cells: int) -> float:
        return sum(bare.processor_seconds(cells) for bare in self.environments) / cores()


def measure(subject: Subject, cells: int) -> Limit:
    """Run one process for each environment, one after the other, bytecode and files warm."""
    return Limit(environments=tuple(_bare(subject, environment, cells) for environment in subject.environments))


def warm(subject: Subject) -> None:
    """Run each environment once, so that Python writes the bytecode of its imports."""
    for environment in subject.environments:
        _bare(subject, environment, 1)


def _bare(subject: Subject, environment: Environment, cells: int) -> Bare:
    argv: list[str | Path] = [environment.venv / "bin" / "python", "-I", PAYLOAD / "bare.py", PAYLOAD / "cases" / "test_encode.py"]
    printed = json.loads(output([*argv, *subject.manifests[:cells]], cwd=subject.base, env=subject.environ).splitlines()[-1])
    bare = Bare(tensorflow=environment.tensorflow, imported=tuple(printed["import"]), bodies=tuple(map(tuple, printed["bodies"])))
    first, rest = bare.bodies[0][0], sum(body[0] for body in bare.bodies[1:]) / max(1, cells - 1)
    tell(f"limit: {environment.tensorflow}: import {bare.imported[0]:.1f} s, first body {first:.2f} s, others {rest:.2f} s")
    return bare
