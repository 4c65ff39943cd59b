"""Cells and their cases, and the tables that they stand in."""

from __future__ import annotations

from dataclasses import dataclass

from harness.domain import Axes, Installation, Outcome, Status, Trouble
from harness.judge.outcomes import CaseVerdict
from harness.judge.verdict import CellVerdict
from harness.results.format import Package


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A number that a case recorded, under the name that the case gave it."""

    name: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """What happened to one case. `cell` is the cell whose process ran it; empty, like `recorded`, where it was not run.

    `outcome` is what happened, `verdict` what it means. `kind` is the class of the innermost cause, without its module. Of one
    with a declaration that applies, `instead` is what to do, `proof` the case that shows it, and `proven` whether that one passed
    in the same environment. `unmet` are prerequisites that do not hold. `diagnosis` is the id of one of `View.diagnoses`, empty
    where nothing explains the message. `python` is the version of the interpreter that ran it, `second` a sentence: what an older
    one made of the same case; empty where none was asked.
    """

    case: str
    title: str
    variant: str = ""
    python: str = ""
    outcome: Outcome
    verdict: CaseVerdict
    seconds: float = 0.0
    message: str = ""
    second: str = ""
    kind: str = ""
    signature: str = ""
    instead: str = ""
    proof: str = ""
    proven: bool | None = None
    link: str = ""
    unmet: tuple[str, ...] = ()
    evidence: int = 0
    measured: tuple[Measurement, ...] = ()
    beside: tuple[Package, ...] = ()
    diagnosis: str = ""
    cell: str = ""
    recorded: str = ""
    reused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """One cell. `status` is None where the plan has it and the run doesn't.

    `passed`, `declared` (failures), `known` (those of right ways among them), `surprises` and `unexpected` (passes, among them)
    count its cases. `python` is the version of its environment's interpreter, empty where there is none; `second` a sentence: what
    became of that environment on an older one.
    """

    id: str
    axes: Axes
    environment: str
    python: str
    verdict: CellVerdict
    label: str
    words: str
    passed: int
    declared: int
    known: int
    surprises: int
    unexpected: int
    status: Status | None
    trouble: Trouble | None
    message: str
    second: str
    diagnosis: str
    evidence: int
    cases: tuple[int, ...]
    recorded: str
    reused: bool


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Column:
    """`model` is empty for cells without one."""

    model: str
    format: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionRow:
    """`python` and `hub` are None unless pinned. `cells` has one place per column, None where the matrix has no cell."""

    tensorflow: str
    python: str | None
    hub: str | None
    cells: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section(Installation):
    """One table: newest TensorFlow first."""

    columns: tuple[Column, ...]
    rows: tuple[SectionRow, ...]
