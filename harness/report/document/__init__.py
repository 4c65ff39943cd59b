"""The view's data: frozen, counted and sorted, ready to be printed. Renderers read this and nothing else.

Cells refer to cases by their index in `View.cases`, sections to cells by their index in `View.cells`. Evidence is long and often
repeated, so `View.evidence` has each text once, the empty text first, and everything else refers to texts by index.

Format history:
  1  first version
  2  `measured` of a case; `text` beside every `keras`; `documents` with their claims
  3  `compiling`: programs for TPU; `devices`: cells by device; `diagnoses`
  4  `beside` of a case
  5  of a diagnosis: `when`, a condition, in place of `tensorflow`; `interfaces` of the models, `tasks` of cases
  6  `without_model`: the summary of cells without a model, whose `axes.model` is empty;
     of claims the answer `partly`, and `measured_on`
  7  `python` and `second` of a case and of a cell, `second` of a group of messages
  8  `digests`, `fence` and `part` of the header, `processor` of its host
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from harness.domain import Installation, Interface
from harness.domain import installation as installed
from harness.judge.diagnose import Diagnosis
from harness.report.document.cells import CaseView, CellView, Column, Measurement, Section, SectionRow
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
from harness.report.document.ways import NumberRow, Numbers, WayMark, WayTrack, WayView
from harness.report.document.words import MessageKind, State
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
    "Mark",
    "Measurement",
    "MessageGroup",
    "MessageKind",
    "ModelSummary",
    "NumberRow",
    "Numbers",
    "Program",
    "Proof",
    "Section",
    "SectionRow",
    "Span",
    "State",
    "Totals",
    "Track",
    "View",
    "WayMark",
    "WayTrack",
    "WayView",
    "Worst",
    "installed",
]

FORMAT: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One run, counted and sorted. `cells` are in the order in which `sections` show them.

    `models` summarizes the cells of each model, `without_model` those without one; it is None if there are no such cells.
    """

    format: Literal[8] = FORMAT
    header: Header
    footer: Footer | None
    counts: Counts
    versions: tuple[str, ...]
    ways: tuple[WayView, ...]
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
