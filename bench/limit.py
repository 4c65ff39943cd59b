"""The least time in which the cells can be measured: one import an environment, then nothing but the bodies, on all cores.

No tool gets there: cells that share a process are not isolated from each other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from bench.place import PAYLOAD, output, tell
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
    """Every environment once."""

    environments: tuple[Bare, ...]

    def seconds(self, cells: int) -> float:
        """With `cells` cells in each environment, spread over the cores without any loss."""
        return sum(one.seconds(cells) for one in self.environments) / cores()

    def processor_seconds(self, cells: int) -> float:
        return sum(one.processor_seconds(cells) for one in self.environments) / cores()


def measure(subject: Subject, cells: int) -> Limit:
    """One process an environment, one after the other, bytecode and files warm."""
    return Limit(environments=tuple(_bare(subject, one, cells) for one in subject.environments))


def warm(subject: Subject) -> None:
    """Let Python write the bytecode of what is imported."""
    for one in subject.environments:
        _bare(subject, one, 1)


def _bare(subject: Subject, one: Environment, cells: int) -> Bare:
    argv: list[str | Path] = [one.venv / "bin" / "python", "-I", PAYLOAD / "bare.py", PAYLOAD / "cases" / "test_encode.py"]
    said = json.loads(output([*argv, *subject.manifests[:cells]], cwd=subject.base, env=subject.environ).splitlines()[-1])
    bare = Bare(tensorflow=one.tensorflow, imported=tuple(said["import"]), bodies=tuple(map(tuple, said["bodies"])))
    first, rest = bare.bodies[0][0], sum(body[0] for body in bare.bodies[1:]) / max(1, cells - 1)
    tell(f"limit: {one.tensorflow}: import {bare.imported[0]:.1f} s, first body {first:.2f} s, others {rest:.2f} s")
    return bare
