"""Claims held against a run: pure.

    outcome                  true_if: works   true_if: fails
    passed                   confirms         refutes
    failed                   refutes          confirms where the words are those that the binding names, else refutes
    crashed, timed_out       refutes          confirms only where the binding names their words
    error, skipped, not_applicable, not_run   say nothing

What a case declares has no part in it: the declaration is of this project, the claim is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from typing_extensions import assert_never

from harness.domain import Axes, Axis, Interface, Outcome
from harness.judge import facts
from harness.judge.claims.model import Binding, Claim, Document, TrueIf
from harness.results.format import CaseRecord, CellRecord
from harness.results.store import Run


class Answer(str, Enum):
    """What the measurements say to a claim."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    VARIES = "varies"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one case did in one cell, and whether that confirms the claim. `model` is empty where the case uses none."""

    case: str
    variant: str
    outcome: Outcome
    confirms: bool
    message: str
    model: str
    cell: str
    axes: Axes


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A claim, and everything that was measured about it, in the order of the run's cells."""

    document: Document
    claim: Claim
    answer: Answer
    evidence: tuple[Evidence, ...]


def judge(documents: Iterable[Document], run: Run, interfaces: Mapping[str, Interface]) -> tuple[Finding, ...]:
    """Return one finding for each claim, in the documents' order. `interfaces` are those of the models, where they are known."""
    gathered = _gather([claim for document in documents for claim in document.claims], run, interfaces)
    return tuple(
        Finding(document=document, claim=claim, answer=together(one.confirms for one in found), evidence=found)
        for document in documents
        for claim in document.claims
        for found in (tuple(gathered[claim.id]),)
    )


def together(confirms: Iterable[bool]) -> Answer:
    """What several pieces of evidence amount to."""
    found = frozenset(confirms)
    if not found:
        return Answer.NOT_MEASURED
    return Answer.VARIES if len(found) == 2 else Answer.CONFIRMED if True in found else Answer.REFUTED


def confirms(binding: Binding, outcome: Outcome, message: str) -> bool | None:
    """Whether an outcome of the bound case confirms the claim; None where it says nothing."""
    match outcome:
        case Outcome.PASSED:
            return binding.true_if is TrueIf.WORKS
        case Outcome.FAILED | Outcome.CRASHED | Outcome.TIMED_OUT:
            return binding.true_if is TrueIf.FAILS and binding.message in message
        case Outcome.ERROR | Outcome.SKIPPED | Outcome.NOT_APPLICABLE | Outcome.NOT_RUN:
            return None
        case _:
            assert_never(outcome)


def _gather(claims: Sequence[Claim], run: Run, interfaces: Mapping[str, Interface]) -> Mapping[str, list[Evidence]]:
    """Return the evidence by claim. A result that several cells share counts once for each environment."""
    bound: defaultdict[str, list[tuple[Claim, Binding]]] = defaultdict(list)
    for claim in claims:
        for binding in claim.cases:
            bound[binding.case].append((claim, binding))
    records: defaultdict[str, list[CaseRecord]] = defaultdict(list)
    for record in run.cases:
        if record.case in bound:
            records[record.key].append(record)
    found: defaultdict[str, list[Evidence]] = defaultdict(list)
    seen: set[tuple[str, Binding, str, str, str]] = set()
    environments = {record.id: facts.of_environment(record) for record in run.environments}
    for cell in run.cells:
        of_cell = facts.of_cell(cell, environments.get(cell.environment), interfaces)
        for ref in cell.cases:
            for record in records.get(ref.key or "", ()):
                measured = facts.of_case(of_cell, ref.case, record)
                for claim, binding in bound[ref.case]:
                    name = claim.id, binding, cell.environment, record.key, record.variant
                    evidence = _evidence(binding, record, cell) if claim.when(measured) and binding.when(measured) else None
                    if evidence and name not in seen:
                        seen.add(name)
                        found[claim.id].append(evidence)
    return found


def _evidence(binding: Binding, record: CaseRecord, cell: CellRecord) -> Evidence | None:
    """None where the record says nothing, or is of another variant."""
    told = confirms(binding, record.outcome, record.message)
    if told is None or (binding.variant and record.variant != binding.variant):
        return None
    return Evidence(
        case=record.case,
        variant=record.variant,
        outcome=record.outcome,
        confirms=told,
        message=record.message,
        model=record.uses.get(Axis.MODEL.value, ""),
        cell=cell.id,
        axes=cell.axes,
    )
