"""The view's data: frozen, counted and sorted, ready to be printed. Every renderer reads this and nothing else.

Cells refer to cases by their place in `View.cases`, sections to cells by their place in `View.cells`. Evidence is long and often
the same, so each text is once in `View.evidence`, whose first is the empty one, and is referred to by its place.

Format history:
  1  first version
  2  `measured` of a case; `text` beside every `keras`; `documents` with their claims
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, TypeAlias

from harness.claims import Answer
from harness.domain import Device, InstallPolicy, KerasChoice, Outcome, SaveFormat, Status, TextOps, Trouble
from harness.report.verdict import Verdict
from harness.results.format import CellAxes, EnvironmentRecord, Footer, Header

FORMAT: Final = 2


class Kind(str, Enum):
    """Of a group of messages. `declared`: failed as expected. `machine`: says nothing about the software."""

    FAILURE = "failure"
    UNEXPECTED_PASS = "unexpected_pass"
    DECLARED = "declared"
    MACHINE = "machine"


class State(str, Enum):
    """Of a way at one TensorFlow version: what its case did there, or why it did nothing.

    `declared`: failed as declared. `unexpected`: passed though declared to fail. `mixed`: it depends on something that isn't a
    line of its own (a parameter of the case, a pinned Python). `blocked`: the environment can't be locked, installed or
    imported. `unavailable` is trouble of this machine; it and `not_run` say nothing about the software.
    """

    PASSED = "passed"
    FAILED = "failed"
    DECLARED = "declared"
    UNEXPECTED = "unexpected"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    MIXED = "mixed"
    SKIPPED = "skipped"
    BLOCKED = "blocked"
    UNAVAILABLE = "unavailable"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A number that a case recorded, under the name that the case gave it."""

    name: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """What happened to one case. `cell` is the cell whose process ran it; empty, like `recorded`, where it was not run."""

    case: str
    title: str
    variant: str = ""
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""
    evidence: int = 0
    measured: tuple[Measurement, ...] = ()
    cell: str = ""
    recorded: str = ""
    reused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """One cell. `status` is None where the plan has it and the run doesn't.

    `passed`, `declared` (failures) and `unexpected` (passes) count its cases.
    """

    id: str
    axes: CellAxes
    environment: str
    verdict: Verdict
    label: str
    words: str
    passed: int
    declared: int
    unexpected: int
    status: Status | None
    trouble: Trouble | None
    message: str
    evidence: int
    cases: tuple[int, ...]
    recorded: str
    reused: bool


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Column:
    model: str
    format: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`python` and `hub` are None unless pinned. `cells` has one place per column, None where the matrix has no cell."""

    tensorflow: str
    python: str | None
    hub: str | None
    cells: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table: newest TensorFlow first."""

    install: InstallPolicy
    keras: KerasChoice
    text: TextOps
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Neighbouring TensorFlow versions with the same verdict. `declared`: it works but for failures that were declared."""

    verdict: Verdict
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
    verdict: Verdict
    declared: bool
    working: int
    cells: int
    passed: int
    cases: int
    cell: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One model under one way to install, oldest TensorFlow first."""

    install: InstallPolicy
    keras: KerasChoice
    text: TextOps
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
class WayMark:
    """A way at one TensorFlow version. `cells` are those it stands for; the first is the one to look at."""

    state: State
    cells: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WayTrack:
    """A way under one way to install. `marks` has one place for each of `View.versions`, None where the matrix has no cell.

    `phrase` says the marks in words: `works 2.0–2.15; fails from 2.16`.
    """

    install: InstallPolicy
    keras: KerasChoice
    text: TextOps
    marks: tuple[WayMark | None, ...]
    phrase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to do something: a case, on every model for which its marks are the same.

    `folder` is the case's, below `cases/`. A case whose outcome depends on the model, the save format or the device is several
    ways; `formats` and `devices` then name those that this one stands for, and are empty where it stands for all.
    """

    case: str
    title: str
    folder: str
    models: tuple[str, ...]
    formats: tuple[SaveFormat, ...]
    devices: tuple[Device, ...]
    tracks: tuple[WayTrack, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow:
    """One number that a case measured, on one model, under one way to install.

    `model`, `format` and `device` are empty where the case uses no such axis. `values`, `apart` and `cells` have one place for
    each of `View.versions`: None where nothing was measured. `apart`: more than ten times the row's median.
    """

    case: str
    title: str
    variant: str
    folder: str
    model: str
    format: str
    device: str
    install: InstallPolicy
    keras: KerasChoice
    text: TextOps
    values: tuple[float | None, ...]
    apart: tuple[bool, ...]
    cells: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A number by the name that cases gave it, wherever it was measured: largest values first."""

    name: str
    rows: tuple[NumberRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Versions of one section in which no case could run, and the one reason. `whole`: these are all of the section's."""

    install: InstallPolicy
    keras: KerasChoice
    text: TextOps
    status: Status
    message: str
    spans: tuple[tuple[str, str], ...]
    whole: bool
    example: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageGroup:
    """Cells that say the same first line. `example` is the cell with the newest TensorFlow among them."""

    kind: Kind
    message: str
    where: tuple[str, ...]
    cells: int
    versions: int
    spans: tuple[tuple[str, str], ...]
    installs: tuple[InstallPolicy, ...]
    example: int


Installed: TypeAlias = tuple[InstallPolicy, KerasChoice, TextOps]
"""A way to install, which is what a section is about: policy, Keras choice, tensorflow-text or not."""


def installed(one: Section | Track | WayTrack | ClaimTrack | NumberRow | Blocked | CellAxes) -> Installed:
    """The way to install that it is about."""
    return one.install, one.keras, one.text


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTrack:
    """A claim under one way to install. `answers` and `cells` have one place for each of `View.versions`.

    `cells` are the ids of those to look at, empty where nothing was measured. `phrase` says the answers in words:
    `confirmed 2.0–2.15; refuted from 2.16`.
    """

    install: InstallPolicy
    keras: KerasChoice
    text: TextOps
    answers: tuple[Answer, ...]
    cells: tuple[str, ...]
    phrase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was seen of a claim in the same words: a case, its outcome, and its message (empty where it passed).

    `models` is empty where the case uses none. `cell` is the id of one with the newest TensorFlow among them.
    """

    confirms: bool
    outcome: Outcome
    case: str
    title: str
    message: str
    models: tuple[str, ...]
    spans: tuple[tuple[str, str], ...]
    installs: tuple[InstallPolicy, ...]
    results: int
    cell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """`of` is the selector of the cells that it speaks of. `why` says why it is not measured, where it isn't."""

    id: str
    says: str
    of: str
    answer: Answer
    why: str
    tracks: tuple[ClaimTrack, ...]
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """A document by its file name, and what it asserts."""

    file: str
    title: str
    claims: tuple[ClaimView, ...]


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

    def of(self, verdict: Verdict) -> int:
        """The count of one verdict."""
        count: int = getattr(self, verdict.value)
        return count


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One run, counted and sorted. `cells` are in the order in which `sections` show them."""

    format: Literal[2] = FORMAT
    header: Header
    footer: Footer | None
    counts: Counts
    versions: tuple[str, ...]
    ways: tuple[Way, ...]
    numbers: tuple[Numbers, ...]
    blocked: tuple[Blocked, ...]
    documents: tuple[DocumentView, ...]
    models: tuple[ModelSummary, ...]
    messages: tuple[MessageGroup, ...]
    sections: tuple[Section, ...]
    environments: tuple[EnvironmentRecord, ...]
    cells: tuple[CellView, ...]
    cases: tuple[CaseView, ...]
    evidence: tuple[str, ...]

    @property
    def cut_off(self) -> bool:
        """The run was killed, or Ctrl-C ended it."""
        return self.footer is None or self.footer.interrupted
