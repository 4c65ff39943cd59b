"""What a reader asks first: which versions work with which model, and what goes wrong most often."""

from __future__ import annotations

from dataclasses import dataclass

from harness.domain import Installation, InstallPolicy, Status
from harness.judge.verdict import CellVerdict
from harness.report.document.words import MessageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Neighbouring TensorFlow versions with the same verdict. `declared`: it works but for failures that were declared."""

    verdict: CellVerdict
    declared: bool
    first: str
    last: str
    versions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """All cells of one model at one TensorFlow version, taken together. `cell` is the one to look at first.

    `working` counts cells that work; `passed` and `cases` count cases, one that bears on several cells once for each.
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
    """`install_instead` is a cell of the newest environment in which everything works for the model.

    Where there is none, `closest` is one of the environment in which the largest part of the cases passes.
    """

    model: str
    tracks: tuple[Track, ...]
    install_instead: int | None
    closest: Mark | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked(Installation):
    """Versions of one section in which no case could run, and the one reason. `whole`: these are all of the section's."""

    status: Status
    message: str
    spans: tuple[tuple[str, str], ...]
    whole: bool
    example: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageGroup:
    """Cells that say the same first line. `example` is the cell with the newest TensorFlow among them.

    `diagnosis` is the id of one of `View.diagnoses` where it explains all of them; else empty. `second` says
    what an older Python made of them, a sentence each; empty unless each of them was tried on one.
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
    """Headline counts of cells. Cells that were planned and never recorded are in `not_run`."""

    works: int
    partly: int
    fails: int
    unavailable: int
    not_run: int
    working_as_declared: int
    unexpected_passes: int
    reused: int
    here: int
    planned: int

    def of(self, verdict: CellVerdict) -> int:
        """The count of one verdict."""
        count: int = getattr(self, verdict.value)
        return count
