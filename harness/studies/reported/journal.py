"""What was observed, one JSON line each, appended as it happens.

    reports/reported/observed.jsonl

One growing file, not one a run: a reproduction is known by its key alone, and is looked up whichever run measured it. A line
that was cut off (a killed driver) is passed over, and the next one begins on a line of its own.

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
from harness.studies.reported.model import End, Observed


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StepRecord(Part):
    """What was asked for and what was installed; `lock` None where there is none. `locked_on` is the day it was resolved."""

    requirements: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    exclude_newer: str | None = None
    settings: dict[str, str] = {}
    python: str | None = None
    lock: str | None = None
    locked_on: str | None = None
    packages: tuple[Package, ...] = ()
    script: str | None = None


class ObservedRecord(Part):
    """One reproduction. `definition` is the digest of how it is asked for, `key` that of everything that can change it.

    `kinds` are the classes of the exception, the nearest first; `step` counts from 0.
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
    def observed(self) -> Observed:
        return Observed(
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
    """Appends; each line is in the file before `write` returns. Several processes may append to the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, record: ObservedRecord) -> None:
        line = record.model_dump_json().encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab", buffering=0) as file:
                os.write(file.fileno(), b"\n" + line if self._is_torn() else line)
        except OSError as trouble:
            raise MachineError(f"results can't be written: {trouble.strerror}", location=str(self.path)) from trouble

    def _is_torn(self) -> bool:
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            return size > 0 and file.read() != b"\n"


def read(path: Path) -> Iterator[ObservedRecord]:
    """Every record, oldest first; what can't be read (torn, another format) is nothing to reuse."""
    lines = path.read_bytes().splitlines() if path.is_file() else []
    for line in lines:
        try:
            yield ObservedRecord.model_validate_json(line)
        except ValidationError:
            continue
