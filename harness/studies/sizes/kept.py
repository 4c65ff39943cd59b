"""What the compiler said of a program, kept by what made the program, so that nothing need be lowered to know it.

    .hubmatrix/sizes/answers/<digest of programs' key, shape, chip and compiler>.json

The compiler's own service keeps verdicts by content; this spares asking it, and with it TensorFlow and the exporter.
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


class Kept(BaseModel):
    """An answer, the day of it, how long it took, and how many numbers hub.KerasLayer trains in the model it is about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: int
    seconds: float
    day: str = ""
    answer: CompilerAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """`compiler` is the digest of what answers."""

    folder: Path
    compiler: str

    def find(self, programs: str, shape: Shape, chip: str) -> Kept | None:
        try:
            return Kept.model_validate_json(self._place(programs, shape, chip).read_bytes())
        except (OSError, ValueError):
            return None

    def keep(self, programs: str, shape: Shape, chip: str, found: Kept) -> None:
        """Verdicts only: a crash, or a limit of this machine, is tried again the next time."""
        if found.answer.outcome in FINAL_OUTCOMES:
            write_atomically(self._place(programs, shape, chip), found.model_dump_json(exclude_none=True))

    def _place(self, programs: str, shape: Shape, chip: str) -> Path:
        topology = CHIPS[chip].topology(1)
        facts = json.dumps([programs, shape.operation.value, shape.length, shape.batch, chip, topology, self.compiler])
        return self.folder / f"{hashlib.sha256(facts.encode()).hexdigest()[:32]}.json"
