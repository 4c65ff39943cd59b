"""Show what documents say, and what happened: each claim with its answer, in which versions, and the evidence. Pure.

Texts of cells and cases are made plain here; cells are named by their ids, so that a claim can be shown without a view.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from harness.domain import HOSTS, Device, InstallPolicy, Outcome, installations
from harness.judge.claims import Answer, Evidence, Finding, Need
from harness.judge.claims.judge import combined_answer
from harness.report.document import ClaimTrack, ClaimView, DocumentView, Installation, Proof, installed
from harness.report.grid import ascending, runs, version_key
from harness.report.phrase import Scale, listed, scale, spans
from harness.report.text import MESSAGE_LIMIT, first_line, plain

# In the order in which a phrase says them. VARIES is of several versions, and so never the answer in one.
PHRASES = {Answer.CONFIRMED: "confirmed", Answer.REFUTED: "refuted", Answer.PARTLY: "holds in part"}
NEEDS = {Need.TPU: "needs a TPU, and no cell has one"}
NO_RESULT = "its cases have no result in this run"


def documents(findings: Sequence[Finding], versions: Iterable[str], titles: Mapping[str, str]) -> tuple[DocumentView, ...]:
    """Return the documents with their claims, in the order of the file.

    Args:
        findings: the claims held against a run.
        versions: every TensorFlow of the run.
        titles: what each case is called, by its id.
    """
    ordered = ascending(versions)
    return tuple(
        DocumentView(
            file=document.file,
            title=plain(document.title),
            claims=tuple(_claim(finding, ordered, scale(ordered), titles) for finding in of_document),
        )
        for document, of_document in groupby(findings, key=lambda finding: finding.document)
    )


def _claim(finding: Finding, versions: Sequence[str], version_scale: Scale, titles: Mapping[str, str]) -> ClaimView:
    claim = finding.claim
    return ClaimView(
        id=claim.id,
        says=plain(claim.says),
        of=claim.when.text,
        answer=finding.answer,
        why=_why_not_measured(finding),
        measured_on=_measured_on(finding.evidence),
        tracks=tuple(_tracks(finding.evidence, versions, version_scale)),
        proofs=_proofs(finding.evidence, versions, titles),
    )


def _why_not_measured(finding: Finding) -> str:
    """Return why nothing was measured of a claim; empty where something was."""
    if finding.evidence:
        return ""
    if finding.claim.needs:
        return NEEDS[finding.claim.needs]
    return NO_RESULT if finding.concerns_run else f"no cell of this run is {finding.claim.when.text}"


def _measured_on(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """Return what stood in for what the claim speaks of, each once, in the order of the evidence."""
    return tuple(dict.fromkeys(plain(item.measured_on) for item in evidence if item.measured_on))


def _tracks(evidence: Sequence[Evidence], versions: Sequence[str], version_scale: Scale) -> Iterator[ClaimTrack]:
    """Yield a track for each way to install in which something was measured."""
    by_installation: defaultdict[Installation, list[Evidence]] = defaultdict(list)
    for item in evidence:
        by_installation[installed(item.axes)].append(item)
    for way in installations():
        by_version: defaultdict[str, list[Evidence]] = defaultdict(list)
        for item in by_installation[way]:
            by_version[plain(item.axes.tensorflow)].append(item)
        if by_version:
            answers = tuple(combined_answer(item.confirms for item in by_version[version]) for version in versions)
            yield ClaimTrack(
                **way.as_arguments(),
                answers=answers,
                cells=tuple(_cell_to_open(by_version[version]) for version in versions),
                phrase=phrase(answers, version_scale),
            )


def _cell_to_open(evidence: Sequence[Evidence]) -> str:
    """Return the id of a cell of the evidence: of one that refutes, if any does; empty where there is none."""
    # False sorts before True.
    return min(evidence, key=lambda item: item.confirms).cell if evidence else ""


def phrase(answers: Sequence[Answer], version_scale: Scale) -> str:
    """Return `confirmed 2.0–2.15; refuted from 2.16`, over the versions in which something was measured."""
    measured = [index for index, answer in enumerate(answers) if answer in PHRASES]
    distinct = {answers[index] for index in measured}
    if not distinct:
        return "not measured"
    if len(distinct) == 1 and len(measured) > 1:
        (answer,) = distinct
        partial = len(measured) < len(answers)
        where = f", {listed(tuple(spans(answers, answer, version_scale)), version_scale, None)}" if partial else ""
        return f"{PHRASES[answer]} in every version tried{where}"
    spans_by_answer = {answer: tuple(spans(answers, answer, version_scale)) for answer in PHRASES if answer in distinct}
    return "; ".join(
        f"{PHRASES[answer]} {listed(ranges, version_scale, measured[-1])}" for answer, ranges in spans_by_answer.items()
    )


def _proofs(evidence: Iterable[Evidence], versions: Sequence[str], titles: Mapping[str, str]) -> tuple[Proof, ...]:
    """Return the evidence by what was seen: what refutes first, then what was seen most."""
    groups: defaultdict[tuple[bool, Outcome, str, str, str], list[Evidence]] = defaultdict(list)
    for item in evidence:
        groups[item.confirms, item.outcome, item.case, first_line(item.message), item.measured_on].append(item)
    proofs: list[Proof] = []
    for (confirms, outcome, case, message, measured_on), items in groups.items():
        seen = frozenset(plain(item.axes.tensorflow) for item in items)
        proof = Proof(
            confirms=confirms,
            outcome=outcome,
            case=case,
            title=plain(titles.get(case) or case, MESSAGE_LIMIT),
            message=message,
            models=tuple(sorted({plain(item.model) for item in items} - {""})),
            devices=tuple(device for device in Device if device not in HOSTS and any(item.axes.device is device for item in items)),
            spans=runs(seen, versions),
            installs=tuple(install for install in InstallPolicy if any(item.axes.install is install for item in items)),
            measured_on=plain(measured_on),
            results=len(items),
            cell=max(items, key=lambda item: version_key(item.axes.tensorflow)).cell,
        )
        proofs.append(proof)
    return tuple(sorted(proofs, key=lambda proof: (proof.confirms, -proof.results)))
