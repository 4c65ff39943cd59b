"""Hold claims against a run: pure.

A binding may say of which failure it speaks: by its words (`match`), by its class (`raises`). One with `true_if: fails` always
has words.

    what happened                               true_if: works   true_if: fails
    passed                                      confirms         refutes
    failed, as the binding says                 refutes          confirms
    failed, otherwise than the binding says     says nothing     refutes
    failed, where the binding has no words      refutes          –
    failed otherwise than the case declares     as the binding says, or it says nothing
    crashed, timed_out                          refutes          confirms only if `raises` names it, else says nothing
    error, skipped, not_applicable, not_run     says nothing     says nothing

A failure that is not the one that the case declares has a cause that nobody looked at: a save that fails on a full disk or on
another package does not refute what is said of loading. Apart from that a declaration has no part in it: it is of this project,
the claim is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from typing_extensions import assert_never

from harness.domain import Axes, Axis, Interface, Outcome, installation
from harness.judge import facts
from harness.judge.claims.model import Binding, Claim, Document, TrueIf
from harness.judge.outcomes import CaseVerdict, Judgements, class_names, has_words, record_id
from harness.matrix.facts import Facts
from harness.results.format import CaseRecord, CellRecord
from harness.results.store import Run


class Answer(str, Enum):
    """The answer of the measurements to a claim.

    Of VARIES the answer changes from one TensorFlow to another. PARTLY is mixed in the same way in every one that was measured:
    it holds for some models, cases or ways to install, and not for others.
    """

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    VARIES = "varies"
    PARTLY = "partly"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The outcome of one case in one cell, and whether that confirms the claim.

    `model` is empty where the case uses none; `uses` are the axes that it asked for, with their values. `measured_on` is what
    stood in for what the claim speaks of, if anything did.
    """

    case: str
    variant: str
    outcome: Outcome
    confirms: bool
    message: str
    model: str
    cell: str
    axes: Axes
    uses: tuple[tuple[str, str], ...] = ()
    measured_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A claim, and everything that was measured about it, in the order of the run's cells.

    `concerns_run` says whether any cell of the run is one that the claim speaks of.
    """

    document: Document
    claim: Claim
    answer: Answer
    evidence: tuple[Evidence, ...]
    concerns_run: bool = True


def judge(
    documents: Iterable[Document],
    run: Run,
    interfaces: Mapping[str, Interface],
    judgements: Judgements = MappingProxyType({}),
) -> tuple[Finding, ...]:
    """Return one finding for each claim, in the documents' order.

    Args:
        documents: with their claims.
        run: what the claims are held against.
        interfaces: those of the models, where they are known.
        judgements: the verdict on each case record; one without a judgement declares nothing.
    """
    documents = tuple(documents)
    claims = [claim for document in documents for claim in document.claims]
    evidence_by_claim = _gather(claims, run, interfaces, judgements)
    facts_of_cells = _facts_of_cells(run, interfaces)
    findings: list[Finding] = []
    for document in documents:
        for claim in document.claims:
            evidence = tuple(evidence_by_claim[claim.id])
            finding = Finding(
                document=document,
                claim=claim,
                answer=over_versions(evidence),
                evidence=evidence,
                concerns_run=bool(evidence) or any(map(claim.when, facts_of_cells)),
            )
            findings.append(finding)
    return tuple(findings)


def together(confirms: Iterable[bool]) -> Answer:
    """Return what several pieces of evidence from one TensorFlow amount to: never VARIES."""
    answers = frozenset(confirms)
    if not answers:
        return Answer.NOT_MEASURED
    return Answer.PARTLY if len(answers) == 2 else Answer.CONFIRMED if True in answers else Answer.REFUTED


def over_versions(evidence: Sequence[Evidence]) -> Answer:
    """Return what evidence from any number of TensorFlows amounts to."""
    answer = together(item.confirms for item in evidence)
    return Answer.VARIES if answer is Answer.PARTLY and _changes(evidence) else answer


def _changes(evidence: Iterable[Evidence]) -> bool:
    """Return whether some answer changes from one TensorFlow to another.

    Either that of all cases together under one way to install, or that of a single case on the same axes: one that comes to
    fail while another comes to work leaves the sum the same.
    """
    by_version: defaultdict[object, defaultdict[str, set[bool]]] = defaultdict(lambda: defaultdict(set))
    for item in evidence:
        way = installation(item.axes)
        for subject in (way, (way, item.case, item.variant, item.uses)):
            by_version[subject][item.axes.tensorflow].add(item.confirms)
    return any(len({frozenset(answers) for answers in versions.values()}) > 1 for versions in by_version.values())


def confirms(binding: Binding, record: CaseRecord, verdict: CaseVerdict | None = None) -> bool | None:
    """Return whether what the bound case did confirms the claim; None where it says nothing.

    Args:
        binding: of the claim.
        record: what the case did.
        verdict: the judge's of the case; None where it was not judged.
    """
    expects_failure = binding.true_if is TrueIf.FAILS
    match record.outcome:
        case Outcome.PASSED:
            return not expects_failure
        case Outcome.FAILED:
            if _is_meant(binding, record):
                return expects_failure
            if binding.match or binding.raises:
                return False if expects_failure and verdict is not CaseVerdict.FAILED_OTHERWISE else None
            return None if verdict is CaseVerdict.FAILED_OTHERWISE else False
        case Outcome.CRASHED | Outcome.TIMED_OUT:
            if expects_failure:
                return True if _is_meant(binding, record) else None
            return False
        case Outcome.ERROR | Outcome.SKIPPED | Outcome.NOT_APPLICABLE | Outcome.NOT_RUN:
            return None
        case _:
            assert_never(record.outcome)


def _is_meant(binding: Binding, record: CaseRecord) -> bool:
    """Return whether a failure is the one that a binding speaks of: by its words and, where it names any, by its classes.

    A process that ended leaves no exception: there the outcome is the class, and has to be named.
    """
    failed = record.outcome is Outcome.FAILED
    classes = class_names(record.failure) if failed else {record.outcome.value}
    if (binding.raises or not failed) and classes.isdisjoint(binding.raises):
        return False
    return bool(binding.match) and has_words(binding.match, record.failure, record.message)


def _facts_of_cells(run: Run, interfaces: Mapping[str, Interface]) -> tuple[Facts, ...]:
    """Return the facts of each cell of a run, in its order."""
    environments = {record.id: facts.of_environment(record) for record in run.environments}
    return tuple(facts.of_cell(cell, environments.get(cell.environment), interfaces) for cell in run.cells)


def _gather(
    claims: Sequence[Claim], run: Run, interfaces: Mapping[str, Interface], judgements: Judgements
) -> Mapping[str, list[Evidence]]:
    """Return the evidence by claim. A result that several cells share counts once for each environment."""
    bound: defaultdict[str, list[tuple[Claim, Binding]]] = defaultdict(list)
    for claim in claims:
        for binding in claim.cases:
            bound[binding.case].append((claim, binding))
    records: defaultdict[str, list[CaseRecord]] = defaultdict(list)
    for record in run.cases:
        if record.case in bound:
            records[record.key].append(record)
    evidence_by_claim: defaultdict[str, list[Evidence]] = defaultdict(list)
    seen: set[tuple[str, Binding, str, str, str]] = set()
    cells = zip(run.cells, _facts_of_cells(run, interfaces), strict=True)
    refs = ((cell, of_cell, ref) for cell, of_cell in cells for ref in cell.cases if ref.key in records)
    for cell, of_cell, ref in refs:
        for record in records[ref.key or ""]:
            judgement = judgements.get(record_id(record))
            verdict = judgement.verdict if judgement else None
            measured = facts.of_case(of_cell, ref.case, record, verdict)
            for claim, binding in bound[ref.case]:
                identity = claim.id, binding, cell.environment, record.key, record.variant
                if identity in seen or not (claim.when(measured) and binding.when(measured)):
                    continue
                if evidence := _evidence(claim, binding, record, cell, verdict):
                    seen.add(identity)
                    evidence_by_claim[claim.id].append(evidence)
    return evidence_by_claim


def _evidence(claim: Claim, binding: Binding, record: CaseRecord, cell: CellRecord, verdict: CaseVerdict | None) -> Evidence | None:
    """Return what a record says, None where it says nothing or is of another variant."""
    answer = confirms(binding, record, verdict)
    if answer is None or (binding.variant and record.variant != binding.variant):
        return None
    return Evidence(
        case=record.case,
        variant=record.variant,
        outcome=record.outcome,
        confirms=answer,
        message=record.message,
        model=record.uses.get(Axis.MODEL.value, ""),
        cell=cell.id,
        axes=cell.axes,
        uses=tuple(sorted(record.uses.items())),
        measured_on=binding.measured_on or claim.measured_on,
    )
