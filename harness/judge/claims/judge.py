"""Compare claims with a run. Pure.

A binding may name the failure that it is about: by its words (`match`), by its class (`raises`). One with `true_if: fails` always
has words.

    what happened                               true_if: works   true_if: fails
    passed                                      confirms         refutes
    failed, as the binding says                 refutes          confirms
    failed, otherwise than the binding says     says nothing     refutes
    failed, where the binding has no words      refutes          –
    failed otherwise than the case declares     as the binding says, or it says nothing
    crashed, timed_out                          refutes          confirms only if `raises` names it, else says nothing
    error, skipped, not_applicable, not_run     says nothing     says nothing

A failure other than the declared one has a cause that nobody has looked at: a save that fails on a full disk or on another package
does not refute a claim about loading. Apart from that, declarations don't count: they are this project's, the claims are not.
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
from harness.judge.claims.model import Binding, Claim, ClaimsDocument, TrueIf
from harness.judge.outcomes import CaseVerdict, Judgements, class_names, has_words, record_id
from harness.matrix.facts import Facts
from harness.results.format import CaseRecord, CellRecord
from harness.results.run import Run


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

    document: ClaimsDocument
    claim: Claim
    answer: Answer
    evidence: tuple[Evidence, ...]
    concerns_run: bool = True


def judge(
    documents: Iterable[ClaimsDocument],
    run: Run,
    interfaces: Mapping[str, Interface],
    judgements: Judgements = MappingProxyType({}),
) -> tuple[Finding, ...]:
    """Return one finding for each claim, in the documents' order.

    Args:
        documents: the documents with their claims.
        run: the run to compare them with.
        interfaces: the interface of each model, by its id.
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


def combined_answer(confirms: Iterable[bool]) -> Answer:
    """Combine several pieces of evidence from one TensorFlow into an answer: never VARIES."""
    answers = frozenset(confirms)
    if not answers:
        return Answer.NOT_MEASURED
    return Answer.PARTLY if len(answers) == 2 else Answer.CONFIRMED if True in answers else Answer.REFUTED


def over_versions(evidence: Sequence[Evidence]) -> Answer:
    """Combine evidence from any number of TensorFlows into an answer."""
    answer = combined_answer(item.confirms for item in evidence)
    return Answer.VARIES if answer is Answer.PARTLY and _changes(evidence) else answer


def _changes(evidence: Iterable[Evidence]) -> bool:
    """Return True if some answer changes from one TensorFlow to another.

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
    """Return whether the record of the bound case confirms the claim; None if it says nothing about it.

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
    """Return True if a failure is the one that a binding is about: by its words and, if it names any, by its classes.

    A process that ended leaves no exception, so its outcome counts as the class, and the binding has to name it.
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
    # A record that several cells of an environment refer to is one measurement: it counts with the first that the claim is about.
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
    """Return the evidence of a record; None if it says nothing, or belongs to another variant."""
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
