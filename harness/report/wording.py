"""How the report says things: the one place for words that several renderers share."""

from __future__ import annotations

from collections.abc import Iterable

from typing_extensions import assert_never

from harness.domain import InstallPolicy, KerasChoice
from harness.report.document import Kind, Mark, Span, Track, View
from harness.report.verdict import Verdict

SYMBOLS = {Verdict.WORKS: "✓", Verdict.PARTLY: "◐", Verdict.FAILS: "✕", Verdict.UNAVAILABLE: "▨", Verdict.NOT_RUN: "○"}
NAMES = {verdict: verdict.value.replace("_", " ") for verdict in Verdict}
MEANINGS = {
    Verdict.WORKS: "every case passed, or failed as declared",
    Verdict.PARTLY: "some cases passed, some failed",
    Verdict.FAILS: "no case passed, or it can't be locked, installed or imported",
    Verdict.UNAVAILABLE: "this machine lacks something; says nothing about the software",
    Verdict.NOT_RUN: "planned, without a result",
}
LABELS = (
    ("11/11", "11 of 11 cases passed"),
    ("9+2x", "9 cases passed, 2 failed as declared"),
    ("2x", "none passed, 2 failed as declared"),
    ("xpass", "a case passed though it is declared to fail: the declaration is out of date"),
    ("lock", "no set of packages satisfies the request"),
    ("install", "a package can't be built or unpacked"),
    ("import", "importing tensorflow or tensorflow_hub raises"),
    ("crash", "the process ended by itself"),
    ("timeout", "nothing happened for too long"),
    ("python", "or network, device, memory, disk: what this machine lacks"),
)


def install(policy: InstallPolicy) -> str:
    """An install policy as a heading says it."""
    match policy:
        case InstallPolicy.AS_RELEASED:
            return "As released"
        case InstallPolicy.TODAY:
            return "Today"
        case _:
            assert_never(policy)


def install_meaning(policy: InstallPolicy) -> str:
    """What an install policy installs."""
    match policy:
        case InstallPolicy.AS_RELEASED:
            return "what the package index held three weeks after each TensorFlow release"
        case InstallPolicy.TODAY:
            return "what a plain install gave on the day of the lock"
        case _:
            assert_never(policy)


def keras(choice: KerasChoice) -> str:
    """A Keras choice as a heading says it."""
    match choice:
        case KerasChoice.DEFAULT:
            return "default Keras"
        case KerasChoice.LEGACY:
            return "legacy Keras"
        case _:
            assert_never(choice)


def kind(value: Kind) -> str:
    """A kind of message in two words at most."""
    match value:
        case Kind.FAILURE:
            return "failure"
        case Kind.UNEXPECTED_PASS:
            return "unexpected pass"
        case Kind.DECLARED:
            return "declared"
        case Kind.MACHINE:
            return "this machine"
        case _:
            assert_never(value)


def between(first: str, last: str) -> str:
    """A range of versions: `2.4.4` or `2.4.4–2.15.1`."""
    return first if first == last else f"{first}–{last}"


def ranges(spans: Iterable[tuple[str, str]]) -> str:
    """Several ranges: `2.4.4–2.8.4, 2.10.1`."""
    return ", ".join(between(first, last) for first, last in spans)


def of_track(track: Track, verdict: Verdict, *, declared: bool = False) -> tuple[str, ...]:
    """The versions of a track with one verdict, as ranges."""
    return tuple(between(span.first, span.last) for span in track.spans if _is(span, verdict, declared))


def slots(track: Track, versions: Iterable[str]) -> tuple[Mark | None, ...]:
    """A track's marks spread over all versions of the run, so that the bars of several tracks stand in line."""
    marks = {mark.tensorflow: mark for mark in track.marks}
    return tuple(marks.get(version) for version in versions)


def banner(view: View) -> str:
    """What a reader must know first of a run that didn't end by itself; empty for one that did."""
    counts = view.counts
    here = f"{counts.here:,} of {counts.planned:,} cells are here."
    if view.footer is None:
        return f"This run was cut off; {here}"
    if view.footer.interrupted:
        return f"This run was interrupted; {here}"
    return f"This run is incomplete; {here}" if counts.here < counts.planned else ""


def many(count: int, one: str, several: str = "") -> str:
    """A count with its noun."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def _is(span: Span, verdict: Verdict, declared: bool) -> bool:
    return span.verdict is verdict and span.declared is declared
