"""What the compiler said, kept by content: the same program for the same devices is compiled once.

    .hubmatrix/compiled/<digest of compiler, program and devices>.json

Only verdicts are kept: a crash, or a limit of this machine, is measured again by the next run.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from harness.base.files import write_atomically
from harness.services.tpu_compiler.answers import Answer, Verdict

KEPT = frozenset({Verdict.COMPILED, Verdict.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A program, and the devices that it is compiled for."""

    program: str
    topology: tuple[str, str]
    devices: int
    split: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """`compiler` is the digest of what answers."""

    folder: Path
    compiler: str

    def find(self, place: Place) -> Answer | None:
        try:
            return Answer.model_validate_json(self._file(place).read_bytes())
        except (OSError, ValueError):
            return None

    def keep(self, place: Place, answer: Answer) -> None:
        if answer.outcome in KEPT:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file(place), answer.as_json())

    def _file(self, place: Place) -> Path:
        facts = json.dumps([self.compiler, place.program, place.topology, place.devices, place.split])
        return self.folder / f"{hashlib.sha256(facts.encode()).hexdigest()[:32]}.json"
