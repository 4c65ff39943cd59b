"""The compiler's answers, stored by all that made a program, so that looking one up needs no lowering.

    .hubmatrix/sizes/answers/<digest of programs' key, shape, chip and compiler>.json

The compiler's own service stores verdicts by the program's content, for which TensorFlow would have to lower it first, from a
model that the exporter would have to make.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from harness.base.files import write_atomically
from harness.services.tpu_compiler.answer_store import FINAL_OUTCOMES
from harness.services.tpu_compiler.answers import CompilerAnswer
from harness.services.tpu_compiler.chips import CHIPS
from harness.studies.sizes.model import Shape


class StoredAnswer(BaseModel):
    """An answer with its day and duration, and the count of numbers that hub.KerasLayer trains in the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: int
    seconds: float
    day: str = ""
    answer: CompilerAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A folder of stored answers. `compiler` is the digest of the compiler and the service around it."""

    folder: Path
    compiler: str

    def find(self, programs: str, shape: Shape, chip: str) -> StoredAnswer | None:
        try:
            return StoredAnswer.model_validate_json(self._path(programs, shape, chip).read_bytes())
        # None is stored yet, or one of another format: pydantic's errors are ValueErrors.
        except (OSError, ValueError):
            return None

    def keep(self, programs: str, shape: Shape, chip: str, stored: StoredAnswer) -> None:
        """Store a verdict. Ignores a crash or a limit of this machine, so that the program is tried again the next time."""
        if stored.answer.outcome in FINAL_OUTCOMES:
            write_atomically(self._path(programs, shape, chip), stored.model_dump_json(exclude_none=True))

    def _path(self, programs: str, shape: Shape, chip: str) -> Path:
        topology = CHIPS[chip].topology(1)
        facts = json.dumps([programs, shape.operation.value, shape.length, shape.batch, chip, topology, self.compiler])
        return self.folder / f"{hashlib.sha256(facts.encode()).hexdigest()[:32]}.json"
