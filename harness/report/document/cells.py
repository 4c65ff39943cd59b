"""Cells, their cases, and the tables that show the cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

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
    """One case and its outcome. `cell` is the cell whose process ran it; empty, like `recorded`, if the case was not run.

    `outcome` is what happened, `verdict` what it means. `kind` is the class of the innermost cause, without its module. If a
    declaration applies, `instead` is what to do, `proof` the case that shows it, and `proven` whether that case passed in the
    same environment. `unmet` are prerequisites that do not hold. `diagnosis` is the id of one of `View.diagnoses`, empty if no
    diagnosis explains the message. `python` is the version of the interpreter that ran the case. `second` is a sentence: how
    the same case ended on an older Python; empty if it was not tried on one.
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
    """One cell. `status` is None for a cell that was planned but not recorded.

    These fields count its cases: `passed`; `declared`, failures that were declared; `known_failures` (`known` in JSON), right
    ways among the declared failures; `surprises`; and `unexpected`, passes among the surprises. `python` is the version of the
    environment's interpreter, empty if there is none; `second` is a sentence: how the environment ended on an older Python.
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
    known_failures: Annotated[int, Field(alias="known")]
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
    """A column of cells. `model` is empty for cells without a model."""

    model: str
    format: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionRow:
    """A row of cells. `python` and `hub` are None unless pinned.

    `cells` has one entry per column: an index into `View.cells`, or None where the matrix has no cell.
    """

    tensorflow: str
    python: str | None
    hub: str | None
    cells: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section(Installation):
    """One table: newest TensorFlow first."""

    columns: tuple[Column, ...]
    rows: tuple[SectionRow, ...]
