"""The summary at the top of a report: which versions work with which model, and the most frequent failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from harness.domain import Installation, InstallPolicy, Status
from harness.judge.verdict import CellVerdict
from harness.report.document.words import MessageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Neighbouring TensorFlow versions with the same verdict. `declared`: works apart from failures that were declared."""

    verdict: CellVerdict
    declared: bool
    first: str
    last: str
    versions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The combined verdict on all cells of one model at one TensorFlow version. `cell` is the cell to look at first.

    `working` counts cells that work; `passed` and `cases` count cases, once for each cell that they bear on.
    """

    tensorflow: str
    verdict: CellVerdict
    declared: bool
    working: int
    cells: int
    passed: int
    cases: int
    cell: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Track(Installation):
    """One model under one way to install, oldest TensorFlow first."""

    marks: tuple[Mark, ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSummary:
    """A model and what to install for it: `install_instead` is a cell of the newest environment in which the model works.

    If it works in none, `closest` is the mark with the largest share of passing cases.
    """

    model: str
    tracks: tuple[Track, ...]
    install_instead: int | None
    closest: Mark | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked(Installation):
    """Versions of one section in which no case could run, all for one reason.

    `whole`: no case could run in any version of the section.
    """

    status: Status
    message: str
    spans: tuple[tuple[str, str], ...]
    whole: bool
    example: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageGroup:
    """Cells whose messages begin with the same line. `example` is the cell with the newest TensorFlow among them.

    `diagnosis` is the id of one of `View.diagnoses` that explains every message of the group; else empty. `second` says how they
    ended on an older Python, one sentence for each different end; empty unless all of them were tried on one.
    """

    kind: MessageKind
    message: str
    diagnosis: str
    second: tuple[str, ...]
    where: tuple[str, ...]
    cells: int
    versions: int
    spans: tuple[tuple[str, str], ...]
    installs: tuple[InstallPolicy, ...]
    example: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Headline counts of cells. `not_run` includes planned cells without a record; `recorded` is `here` in JSON."""

    works: int
    partly: int
    fails: int
    unavailable: int
    not_run: int
    working_as_declared: int
    unexpected_passes: int
    reused: int
    recorded: Annotated[int, Field(alias="here")]
    planned: int

    def of(self, verdict: CellVerdict) -> int:
        """Return the number of cells with a verdict."""
        count: int = getattr(self, verdict.value)
        return count
