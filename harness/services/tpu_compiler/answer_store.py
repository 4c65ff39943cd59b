"""Answers of the compiler, kept by content: the same program for the same devices is compiled once.

    .hubmatrix/compiled/<digest of compiler, program and devices>.json

Only its word on a program is kept: a crash, or a limit of this machine, is measured again by the next run.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from harness.base.files import write_atomically
from harness.services.tpu_compiler.answers import CompileOutcome, CompilerAnswer

FINAL_OUTCOMES = frozenset({CompileOutcome.COMPILED, CompileOutcome.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileTarget:
    """A program, and the devices that it is compiled for."""

    program: str
    topology: tuple[str, str]
    devices: int
    split: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerStore:
    """Answers in a folder. `compiler` is the digest of the compiler that gave them."""

    folder: Path
    compiler: str

    def find(self, target: CompileTarget) -> CompilerAnswer | None:
        try:
            return CompilerAnswer.model_validate_json(self._file(target).read_bytes())
        except (OSError, ValueError):
            return None

    def keep(self, target: CompileTarget, answer: CompilerAnswer) -> None:
        if answer.outcome in FINAL_OUTCOMES:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file(target), answer.as_json())

    def _file(self, target: CompileTarget) -> Path:
        facts = json.dumps([self.compiler, target.program, target.topology, target.devices, target.split])
        return self.folder / f"{hashlib.sha256(facts.encode()).hexdigest()[:32]}.json"
