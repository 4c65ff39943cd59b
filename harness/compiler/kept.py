"""What the compiler said, kept by content: the same program for the same devices is compiled once.

    .hubmatrix/compiled/<digest of compiler, program and devices>.json

Only verdicts are kept: a crash, or a limit of this machine, is measured again by the next run.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from harness.compiler.answers import Answer, Verdict
from harness.files import write_atomically

KEPT = frozenset({Verdict.COMPILED, Verdict.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """`compiler` is the digest of what answers."""

    folder: Path
    compiler: str

    def find(self, program: str, topology: str, chips: int, split: tuple[int, ...]) -> Answer | None:
        try:
            return Answer.model_validate_json(self._place(program, topology, chips, split).read_bytes())
        except (OSError, ValueError):
            return None

    def keep(self, answer: Answer, topology: str, chips: int, split: tuple[int, ...]) -> None:
        if answer.outcome in KEPT:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._place(answer.program, topology, chips, split), answer.as_json())

    def _place(self, program: str, topology: str, chips: int, split: tuple[int, ...]) -> Path:
        facts = json.dumps([self.compiler, program, topology, chips, split])
        return self.folder / f"{hashlib.sha256(facts.encode()).hexdigest()[:32]}.json"
