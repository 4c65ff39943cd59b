"""The journal of observations: one JSON line each, appended as it happens.

    reports/reported/observed.jsonl

One growing file, not one a run: a reproduction is found by its key alone, whichever run observed it. A line that was cut off (by
a killed driver) is skipped, and the next one begins on a line of its own.

Format history:
  1  first version
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.base.errors import MachineError
from harness.domain import Trouble
from harness.results.format import Package
from harness.studies.reported.model import End, ReproductionOutcome


class JournalModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StepRecord(JournalModel):
    """The requirements of a step and the packages that were installed for them.

    `lock` is the digest of the lock, None if there was none; `locked_on` is the day it was resolved.
    """

    requirements: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    exclude_newer: str | None = None
    settings: dict[str, str] = {}
    python: str | None = None
    lock: str | None = None
    locked_on: str | None = None
    packages: tuple[Package, ...] = ()
    script: str | None = None


class ReproductionRecord(JournalModel):
    """The observation of one reproduction.

    `definition` is the digest of its steps as written, `key` that of everything that can change the observation, None if a step
    could not be locked. `kinds` are the exception's class and its bases, nearest first; `step` counts from 0.
    """

    format: Literal[1] = 1
    reproduction: str
    definition: str
    key: str | None
    steps: tuple[StepRecord, ...]
    end: End
    step: int
    kinds: tuple[str, ...] = ()
    message: str = ""
    evidence: str = ""
    output: str = ""
    trouble: Trouble | None = None
    seconds: float
    recorded: str

    @property
    def observed(self) -> ReproductionOutcome:
        return ReproductionOutcome(
            end=self.end,
            step=self.step,
            message=self.message,
            kinds=self.kinds,
            evidence=self.evidence,
            output=self.output,
            trouble=self.trouble,
            seconds=self.seconds,
        )


class Journal:
    """A journal to append to. A line is in the file before `write` returns; several processes may append to the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, record: ReproductionRecord) -> None:
        line = record.model_dump_json().encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab", buffering=0) as file:
                # In one unbuffered write, so that lines of several processes don't mix.
                os.write(file.fileno(), b"\n" + line if self._is_torn() else line)
        except OSError as trouble:
            raise MachineError(f"results can't be written: {trouble.strerror}", location=str(self.path)) from trouble

    def _is_torn(self) -> bool:
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            return size > 0 and file.read() != b"\n"


def read_journal(path: Path) -> Iterator[ReproductionRecord]:
    """Read every record, oldest first. Skips lines that can't be read, torn or of another format: nothing is reused of them."""
    lines = path.read_bytes().splitlines() if path.is_file() else []
    for line in lines:
        try:
            yield ReproductionRecord.model_validate_json(line)
        except ValidationError:
            continue
