"""What documents say, and what happened: each claim with its answer, in which versions, and the evidence. Pure.

Texts of cells and cases are made plain here; cells are named by their ids, so that a claim can be shown without a view.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from harness.domain import HOSTS, Device, InstallPolicy, Outcome, installations
from harness.judge.claims import Answer, Evidence, Finding, Need
from harness.judge.claims.judge import together
from harness.report.document import ClaimTrack, ClaimView, DocumentView, Installation, Proof, installed
from harness.report.grid import ascending, runs, version_key
from harness.report.phrase import Scale, listed, scale, spans
from harness.report.text import MESSAGE_LIMIT, first_line, plain

MEASURED = (Answer.CONFIRMED, Answer.REFUTED, Answer.VARIES)
SAID = {Answer.CONFIRMED: "confirmed", Answer.REFUTED: "refuted", Answer.VARIES: "both seen"}
NEEDS = {Need.TPU: "needs a TPU, and no cell has one"}
NO_RESULT = "its cases have no result in this run"


def documents(findings: Sequence[Finding], versions: Iterable[str], titles: Mapping[str, str]) -> tuple[DocumentView, ...]:
    """The documents with their claims, in the order of the file.

    Args:
        findings: the claims held against a run.
        versions: every TensorFlow of the run.
        titles: what each case is called, by its id.
    """
    shown = ascending(versions)
    return tuple(
        DocumentView(
            file=document.file,
            title=plain(document.title),
            claims=tuple(_claim(one, shown, scale(shown), titles) for one in several),
        )
        for document, several in groupby(findings, key=lambda finding: finding.document)
    )


def _claim(finding: Finding, versions: Sequence[str], shown: Scale, titles: Mapping[str, str]) -> ClaimView:
    claim = finding.claim
    return ClaimView(
        id=claim.id,
        says=plain(claim.says),
        of=claim.when.text,
        answer=finding.answer,
        why="" if finding.evidence else NEEDS[claim.needs] if claim.needs else NO_RESULT,
        tracks=tuple(_tracks(finding.evidence, versions, shown)),
        proofs=_proofs(finding.evidence, versions, titles),
    )


def _tracks(evidence: Sequence[Evidence], versions: Sequence[str], shown: Scale) -> Iterator[ClaimTrack]:
    """One for each way to install in which something was measured."""
    sections: defaultdict[Installation, list[Evidence]] = defaultdict(list)
    for one in evidence:
        sections[installed(one.axes)].append(one)
    for section in installations():
        here: defaultdict[str, list[Evidence]] = defaultdict(list)
        for one in sections[section]:
            here[plain(one.axes.tensorflow)].append(one)
        if here:
            answers = tuple(together(one.confirms for one in here[version]) for version in versions)
            yield ClaimTrack(
                **section.as_arguments(),
                answers=answers,
                cells=tuple(_to_look_at(here[version]) for version in versions),
                phrase=phrase(answers, shown),
            )


def _to_look_at(evidence: Sequence[Evidence]) -> str:
    """The cell of a version to open: one that refutes, if any does."""
    return min(evidence, key=lambda one: one.confirms).cell if evidence else ""


def phrase(answers: Sequence[Answer], shown: Scale) -> str:
    """`confirmed 2.0–2.15; refuted from 2.16`, over the versions in which something was measured."""
    here = [place for place, answer in enumerate(answers) if answer in MEASURED]
    found = {answers[place] for place in here}
    if not found:
        return "not measured"
    if len(found) == 1 and len(here) > 1:
        (answer,) = found
        partial = len(here) < len(answers)
        where = f", {listed(tuple(spans(answers, answer, shown)), shown, None)}" if partial else ""
        return f"{SAID[answer]} in every version tried{where}"
    said = [(answer, tuple(spans(answers, answer, shown))) for answer in MEASURED if answer in found]
    return "; ".join(f"{SAID[answer]} {listed(places, shown, here[-1])}" for answer, places in said)


def _proofs(evidence: Iterable[Evidence], versions: Sequence[str], titles: Mapping[str, str]) -> tuple[Proof, ...]:
    """The evidence by what was seen: what refutes first, then what was seen most."""
    groups: defaultdict[tuple[bool, Outcome, str, str], list[Evidence]] = defaultdict(list)
    for one in evidence:
        groups[one.confirms, one.outcome, one.case, first_line(one.message)].append(one)
    found = []
    for (confirms, outcome, case, message), several in groups.items():
        seen = frozenset(plain(one.axes.tensorflow) for one in several)
        proof = Proof(
            confirms=confirms,
            outcome=outcome,
            case=case,
            title=plain(titles.get(case) or case, MESSAGE_LIMIT),
            message=message,
            models=tuple(sorted({plain(one.model) for one in several} - {""})),
            devices=tuple(device for device in Device if device not in HOSTS and any(one.axes.device is device for one in several)),
            spans=runs(seen, versions),
            installs=tuple(install for install in InstallPolicy if any(one.axes.install is install for one in several)),
            results=len(several),
            cell=max(several, key=lambda one: version_key(one.axes.tensorflow)).cell,
        )
        found.append(proof)
    return tuple(sorted(found, key=lambda proof: (proof.confirms, -proof.results)))
