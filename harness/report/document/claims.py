"""What documents assert, and what happened."""

from __future__ import annotations

from dataclasses import dataclass

from harness.domain import Device, Installation, InstallPolicy, Outcome
from harness.judge.claims import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTrack(Installation):
    """A claim under one way to install. `answers` and `cells` have one place for each of `View.versions`.

    `cells` are the ids of those to look at, empty where nothing was measured. `phrase` says the answers in words:
    `confirmed 2.0–2.15; refuted from 2.16`.
    """

    answers: tuple[Answer, ...]
    cells: tuple[str, ...]
    phrase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was seen of a claim in the same words: a case, its outcome, and its message (empty where it passed).

    `measured_on` names what stood in for what the document speaks of, if anything did. `models` is empty where the case uses
    none, `devices` where it ran on cpu or xla-cpu. `cell` is the id of one with the newest TensorFlow among them.
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
    """`of` is the selector of the cells that it speaks of. `why` says why it is not measured, where it isn't.

    `measured_on` names what stood in for what the document speaks of, as two CPUs for a TPU; empty where nothing did.
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
