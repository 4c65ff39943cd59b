"""Own the words that several renderers share: symbols, names, headings and phrases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum

from typing_extensions import assert_never

from harness.domain import OF_INSTALLATION, AxisRow, InstallPolicy, Status
from harness.judge.claims import Answer
from harness.judge.second import SecondOpinion, SecondVerdict
from harness.judge.verdict import CellVerdict
from harness.report.document import (
    ClaimView,
    Installation,
    Mark,
    MessageKind,
    NumberRow,
    Span,
    State,
    Track,
    View,
    WayView,
    installed,
)
from harness.report.panels import Reason
from harness.report.phrase import EVERYWHERE, scale

SYMBOLS = {
    CellVerdict.WORKS: "✓",
    CellVerdict.PARTLY: "◐",
    CellVerdict.FAILS: "✕",
    CellVerdict.UNAVAILABLE: "▨",
    CellVerdict.NOT_RUN: "○",
}
NAMES = {verdict: verdict.value.replace("_", " ") for verdict in CellVerdict}
MEANINGS = {
    CellVerdict.WORKS: "every right way passed, every wrong way failed as declared",
    CellVerdict.PARTLY: "some cases passed, some failed",
    CellVerdict.FAILS: "no case passed, or it can't be locked, installed or imported",
    CellVerdict.UNAVAILABLE: "this machine lacks something; says nothing about the software",
    CellVerdict.NOT_RUN: "planned, without a result",
}
# Each state of a way: a symbol, and its name. The symbols are in the style sheet too, with the names as what is read out.
STATES = {
    State.PASSED: ("✓", "works"),
    State.FAILED: ("✕", "fails"),
    State.DECLARED: ("×", "fails as declared"),
    State.OTHERWISE: ("✕", "fails otherwise than declared"),
    State.UNEXPECTED: ("!", "works though declared to fail"),
    State.CRASHED: ("↯", "crashes"),
    State.TIMED_OUT: ("…", "times out"),
    State.MIXED: ("◐", "works in part"),
    State.SKIPPED: ("–", "skipped"),
    State.NOT_APPLICABLE: ("–", "does not apply"),
    State.BLOCKED: ("⊘", "doesn’t install or import"),
    State.UNAVAILABLE: ("▨", "unavailable here"),
    State.NOT_RUN: ("○", "not run"),
}
# Each answer to a claim: a symbol, and its name.
ANSWERS = {
    Answer.CONFIRMED: ("✓", "confirmed"),
    Answer.REFUTED: ("✕", "refuted"),
    Answer.VARIES: ("⇄", "varies"),
    Answer.PARTLY: ("◐", "holds in part"),
    Answer.NOT_MEASURED: ("○", "not measured"),
}
FOLDERS = {"finetuning": "Fine-tuning", "compiling": "Compiling for TPU", "anymodel": "Any model", "": "Other"}
MANY = 4
LABELS = (
    ("11/11", "11 of 11 cases ended as expected: they passed, or show a wrong way that fails as declared"),
    ("2 known", "2 right ways fail as declared; the others work"),
    ("2!", "2 surprises: failures that are not declared, or declared failures that did not happen"),
    ("n/a", "no case applies: prerequisites don't hold"),
    ("lock", "no set of packages satisfies the request"),
    ("install", "a package can't be built or unpacked"),
    ("import", "importing tensorflow or tensorflow_hub raises"),
    ("crash", "the process ended by itself"),
    ("timeout", "the time limit was exceeded"),
    ("python", "or network, device, memory, disk: what this machine lacks"),
)


def install(policy: InstallPolicy) -> str:
    """Return the heading of an install policy."""
    match policy:
        case InstallPolicy.AS_RELEASED:
            return "As released"
        case InstallPolicy.TODAY:
            return "Today"
        case InstallPolicy.TODAY_UV:
            return "Today, by uv"
        case _:
            assert_never(policy)


def install_meaning(policy: InstallPolicy) -> str:
    """Describe what an install policy installs."""
    match policy:
        case InstallPolicy.AS_RELEASED:
            return "what the package index held three weeks after each TensorFlow release, installed by python -m venv and pip"
        case InstallPolicy.TODAY:
            return "what python -m venv and pip install gave on the day of the lock"
        case InstallPolicy.TODAY_UV:
            return "what uv venv and uv pip install gave on the day of the lock"
        case _:
            assert_never(policy)


def beside(installed: Installation) -> str:
    """Describe what a way to install adds to its policy: `legacy Keras, with tensorflow-text`."""
    return ", ".join(word for row, value in _beside(installed) if (word := row.words[value]))


def unusual(installed: Installation) -> str:
    """Describe how a way to install differs from the default of its policy; often empty."""
    return ", ".join(word for row, value in _beside(installed) if value is not row.usual and (word := row.words[value]))


def _beside(installed: Installation) -> Iterator[tuple[AxisRow, Enum]]:
    return ((row, getattr(installed, row.name)) for row in OF_INSTALLATION if row.words)


def ended(status: Status, *, whole: bool = False) -> str:
    """Describe the end of versions in which no case could run: `doesn't import in`, or `nothing imports in` of a whole section."""
    match status:
        case Status.LOCK_FAILED:
            return "nothing can be locked in" if whole else "can’t be locked in"
        case Status.INSTALL_FAILED:
            return "nothing installs in" if whole else "doesn’t install in"
        case Status.IMPORT_FAILED:
            return "nothing imports in" if whole else "doesn’t import in"
        case Status.CRASHED:
            return "everything crashes at once in" if whole else "crashes at once in"
        case Status.TIMED_OUT:
            return "everything hangs at once in" if whole else "hangs at once in"
        case Status.UNAVAILABLE:
            return "nothing could be tried here in" if whole else "could not be tried here in"
        case Status.COMPLETED:
            return "nothing ran in"
        case _:
            assert_never(status)


def second_on_case(opinion: SecondOpinion) -> str:
    """Return a sentence that says how a failed case ended on an older Python."""
    return _second(opinion, f"On Python {minor(opinion.second)} the same case passes")


def second_on_environment(opinion: SecondOpinion, status: Status) -> str:
    """Return a sentence that says how an environment that ended with this status fared on an older Python."""
    succeeds = "installs and imports" if status is Status.INSTALL_FAILED else "imports"
    return _second(opinion, f"On Python {minor(opinion.second)} it {succeeds}")


def _second(opinion: SecondOpinion, passes: str) -> str:
    older = f"Python {minor(opinion.second)}"
    match opinion.verdict:
        case SecondVerdict.PASSES:
            return f"{passes}: the newest Python, {minor(opinion.first)}, is part of the cause."
        case SecondVerdict.FAILS_THE_SAME:
            return f"Fails in the same words on {older}."
        case SecondVerdict.FAILS_AS_DECLARED:
            return f"Fails on {older} too, as declared there."
        case SecondVerdict.FAILS_OTHERWISE:
            return f"Fails on {older} too, in other words."
        case _:
            assert_never(opinion.verdict)


def minor(python: str) -> str:
    """Return the version of a Python without its patch: `3.12` of `3.12.8`."""
    return ".".join(python.split(".")[:2])


def reason(reason: Reason, labels: Mapping[str, str]) -> str:
    """Return the words before the message of a reason: `Today: nothing imports in 2.9–2.12:`."""
    blocked = reason.blocked
    narrowed = f", {beside(reason.installed)}" if reason.installed else ""
    spans = ranges((labels[first], labels[last]) for first, last in blocked.spans)
    return f"{install(blocked.install)}{narrowed}: {ended(blocked.status, whole=blocked.whole)} {spans}:"


def phrase_parts(phrase: str) -> tuple[tuple[str, bool], ...]:
    """Split a phrase into its parts, each with True if it says that something works."""
    # Word joiners around the dash: a browser may break a line after a dash, in the middle of a range.
    parts = phrase.replace("–", "\u2060–\u2060").split("; ")
    return tuple((part, part.startswith(("works", "compiles")) and part != EVERYWHERE[State.FAILED]) for part in parts)


def of_claim(claim: ClaimView) -> tuple[tuple[str, str], ...]:
    """Return each phrase about a claim with the ways to install that it is true of; empty if it is true of all that were tried."""
    phrases: dict[str, list[str]] = {}
    for track in claim.tracks:
        phrases.setdefault(track.phrase, []).append(f"{install(track.install).lower()}, {beside(installed(track))}")
    if len(phrases) < 2:
        return tuple((phrase, "") for phrase in phrases)
    return tuple((phrase, "; ".join(where)) for phrase, where in phrases.items())


def measured_on(claim: ClaimView) -> str:
    """Describe what stood in for the subject of a claim: `measured on …`; empty if the claim was measured as it stands."""
    return f"measured on {'; '.join(claim.measured_on)}" if claim.measured_on else ""


def folder_heading(name: str) -> str:
    """Return the heading of a folder of cases."""
    return FOLDERS.get(name) or name.replace("_", " ").capitalize()


def model(name: str) -> str:
    """Return the heading of a model's cells; `name` is empty for cells without a model."""
    return name or "no model"


def models(way: WayView, all_models: frozenset[str]) -> tuple[str, ...]:
    """Return the models of a line, or their number if they are many; empty if the line holds for all models."""
    if all_models <= frozenset(way.models):
        return ()
    return way.models if len(way.models) < MANY else (f"{len(way.models)} models",)


def number(value: float) -> str:
    """Format a number for a narrow column: `0.12` and `3` in two digits, `150` whole, very small and large ones in one: `1e-7`."""
    if value and not 0.001 <= abs(value) < 1000:
        mantissa, _, exponent = f"{value:.0e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    # In two digits a number from 99.5 on would be `1e+02`.
    return f"{value:.2g}" if abs(value) < 99.5 else f"{value:.0f}"


def between_numbers(row: NumberRow, versions: Sequence[str]) -> str:
    """Return the range of a row's magnitudes, and the versions that stand apart: `1e-7 to 3e-4, far more in 2.8`."""
    magnitudes = [abs(value) for value in row.values if value is not None]
    least, most = number(min(magnitudes)), number(max(magnitudes))
    where = [version for version, apart in zip(versions, row.apart, strict=True) if apart]
    return (least if least == most else f"{least} to {most}") + (f", far more in {', '.join(where)}" if where else "")


def variants(way: WayView) -> tuple[str, ...]:
    """Return the save formats and the devices of a line, each as one text; without those of which the line covers all."""
    listed = (", ".join(value.value for value in values) for values in (way.formats, way.devices))
    return tuple(text for text in listed if text)


def labels(view: View) -> dict[str, str]:
    """Return the label of each version for a narrow column: `2.15` for the only 2.15."""
    return dict(zip(view.versions, scale(view.versions).labels, strict=True))


def kind(message_kind: MessageKind) -> str:
    """Return the name of a kind of message, a few words at most."""
    match message_kind:
        case MessageKind.FAILURE:
            return "failure"
        case MessageKind.OTHERWISE:
            return "not as declared"
        case MessageKind.UNEXPECTED_PASS:
            return "unexpected pass"
        case MessageKind.DECLARED:
            return "declared"
        case MessageKind.MACHINE:
            return "this machine"
        case _:
            assert_never(message_kind)


def between(first: str, last: str) -> str:
    """Return a range of versions: `2.4.4` or `2.4.4–2.15.1`."""
    return first if first == last else f"{first}–{last}"


def ranges(spans: Iterable[tuple[str, str]]) -> str:
    """Return ranges of versions: `2.4.4–2.8.4, 2.10.1`."""
    return ", ".join(between(first, last) for first, last in spans)


def of_track(track: Track, verdict: CellVerdict, *, declared: bool = False) -> tuple[str, ...]:
    """Return the ranges of versions in which a track has a verdict; of `works`, with or without declared failures."""
    return tuple(between(span.first, span.last) for span in track.spans if _is(span, verdict, declared))


def slots(track: Track, versions: Iterable[str]) -> tuple[Mark | None, ...]:
    """Return a track's mark for each version of the run, None for a gap, so that the bars of several tracks are aligned."""
    marks = {mark.tensorflow: mark for mark in track.marks}
    return tuple(marks.get(version) for version in versions)


def banner(view: View) -> str:
    """Return the warning about a run that was cut off, interrupted or is incomplete; empty for a complete run."""
    counts = view.counts
    cells = f"{counts.recorded:,} of {counts.planned:,} cells have a result."
    if view.footer is None:
        return f"This run was cut off; {cells}"
    if view.footer.interrupted:
        return f"This run was interrupted; {cells}"
    return f"This run is incomplete; {cells}" if counts.recorded < counts.planned else ""


def many(count: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun: `1 cell`, `1,204 cells`; the plural is regular unless given."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def _is(span: Span, verdict: CellVerdict, declared: bool) -> bool:
    return span.verdict is verdict and span.declared is declared
