"""The view's data: frozen, counted and sorted, ready to be printed. Every renderer reads this and nothing else.

Cells refer to cases by their place in `View.cases`, sections to cells by their place in `View.cells`. Evidence is long and often
the same, so each text is once in `View.evidence`, whose first is the empty one, and is referred to by its place.

Format history:
  1  first version
  2  `measured` of a case; `text` beside every `keras`; `documents` with their claims
  3  `compiling`: programs for TPU; `devices`: cells by device; `diagnoses`
  4  `beside` of a case
  5  of a diagnosis: `when`, a condition, in place of `tensorflow`; `interfaces` of the models, `tasks` of cases
  6  `without_model`: cells without a model, whose `axes.model` is empty, taken together;
     of claims the answer `partly`, and `measured_on`
  7  `python` and `second` of a case and of a cell, `second` of a group of messages
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from harness.domain import Installation, Interface
from harness.domain import installation as installed
from harness.judge.diagnose import Diagnosis
from harness.report.document.cells import CaseView, CellView, Column, Measurement, Row, Section
from harness.report.document.claims import ClaimTrack, ClaimView, DocumentView, Proof
from harness.report.document.compiling import (
    Agreement,
    Compile,
    Compiling,
    DeviceCount,
    Fate,
    Figures,
    Program,
    Totals,
    Worst,
)
from harness.report.document.summary import Blocked, Counts, Mark, MessageGroup, ModelSummary, Span, Track
from harness.report.document.ways import NumberRow, Numbers, Way, WayMark, WayTrack
from harness.report.document.words import Kind, State
from harness.results.format import EnvironmentRecord, Footer, Header

__all__ = [
    "FORMAT",
    "Agreement",
    "Blocked",
    "CaseView",
    "CellView",
    "ClaimTrack",
    "ClaimView",
    "Column",
    "Compile",
    "Compiling",
    "Counts",
    "DeviceCount",
    "DocumentView",
    "Fate",
    "Figures",
    "Installation",
    "Kind",
    "Mark",
    "Measurement",
    "MessageGroup",
    "ModelSummary",
    "NumberRow",
    "Numbers",
    "Program",
    "Proof",
    "Row",
    "Section",
    "Span",
    "State",
    "Totals",
    "Track",
    "View",
    "Way",
    "WayMark",
    "WayTrack",
    "Worst",
    "installed",
]

FORMAT: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One run, counted and sorted. `cells` are in the order in which `sections` show them.

    `without_model` takes the cells without a model together, as `models` does those of each; None where there are none.
    """

    format: Literal[7] = FORMAT
    header: Header
    footer: Footer | None
    counts: Counts
    versions: tuple[str, ...]
    ways: tuple[Way, ...]
    numbers: tuple[Numbers, ...]
    blocked: tuple[Blocked, ...]
    compiling: Compiling
    devices: tuple[DeviceCount, ...]
    documents: tuple[DocumentView, ...]
    models: tuple[ModelSummary, ...]
    without_model: ModelSummary | None
    interfaces: Mapping[str, Interface]
    tasks: Mapping[str, str]
    messages: tuple[MessageGroup, ...]
    diagnoses: tuple[Diagnosis, ...]
    sections: tuple[Section, ...]
    environments: tuple[EnvironmentRecord, ...]
    cells: tuple[CellView, ...]
    cases: tuple[CaseView, ...]
    evidence: tuple[str, ...]

    @property
    def cut_off(self) -> bool:
        """The run was killed, or Ctrl-C ended it."""
        return self.footer is None or self.footer.interrupted
