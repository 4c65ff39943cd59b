"""Statements of documents, each with its answer and the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.domain import Device, Installation, InstallPolicy, Outcome
from harness.judge.claims import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTrack(Installation):
    """A claim under one way to install. `answers` and `cells` have one entry for each of `View.versions`.

    `cells` are the ids of the cells to look at, empty where nothing was measured. `phrase` says the answers in words:
    `confirmed 2.0–2.15; refuted from 2.16`.
    """

    answers: tuple[Answer, ...]
    cells: tuple[str, ...]
    phrase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Evidence for or against a claim: results of one case with the same outcome and message (empty if the case passed).

    `measured_on` names the stand-in for what the document speaks of, if there was one. `models` is empty if the case uses none,
    `devices` if it ran on cpu or xla-cpu only. `cell` is the id of the cell with the newest TensorFlow.
    """

    confirms: bool
    outcome: Outcome
    case: str
    title: str
    message: str
    models: tuple[str, ...]
    devices: tuple[Device, ...]
    spans: tuple[tuple[str, str], ...]
    installs: tuple[InstallPolicy, ...]
    measured_on: str
    results: int
    cell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """A claim and its answer. `of` is the selector of the cells that it is about; `why` the reason if it was not measured.

    `measured_on` names the stand-ins for what the document speaks of, such as two CPUs for a TPU; empty if there were none.
    """

    id: str
    says: str
    of: str
    answer: Answer
    why: str
    measured_on: tuple[str, ...]
    tracks: tuple[ClaimTrack, ...]
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """A document by its file name, and what it asserts."""

    file: str
    title: str
    claims: tuple[ClaimView, ...]
