"""Render the view for a terminal: each way a row, each TensorFlow a column; below the tables the messages of failures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.report import wording, wording_tpu
from harness.report.document import Installation, MessageKind, State, View, WayMark, WayView, installed
from harness.report.panels import idle

MESSAGES = 12
WIDTH = 150
STYLES = {
    State.PASSED: "green",
    State.DECLARED: "green",
    State.UNEXPECTED: "yellow",
    State.MIXED: "yellow",
    State.FAILED: "red",
    State.CRASHED: "red",
    State.TIMED_OUT: "red",
    State.BLOCKED: "magenta",
    State.SKIPPED: "dim",
    State.UNAVAILABLE: "dim",
    State.NOT_RUN: "dim",
}


def render(view: View, *, skipped: bool = False) -> RenderableType:
    """Return a table for each way to install, and the messages of failures. Only `skipped` includes ways skipped everywhere."""
    # Whatever may have square brackets is a Text: in a str rich would read them as markup.
    return Group(*_parts(view, skipped=skipped))


def _parts(view: View, *, skipped: bool) -> Iterator[RenderableType]:
    labels = wording.labels(view)
    ways = [way for way in view.ways if skipped or not _skipped(way)]
    for section in map(installed, view.sections):
        yield Text(f"\n{wording.install(section.install)}, {wording.beside(section)}", style="bold")
        yield _table(view, ways, section)
    used = {mark.state for way in ways for track in way.tracks for mark in track.marks if mark}
    yield Text(
        "\n" + "   ".join(f"{symbol} {name}" for state, (symbol, name) in wording.STATES.items() if state in used), style="dim"
    )
    yield from compiling(view)
    for reason in idle(view):
        yield Text(f"\n{wording.reason(reason, labels)} {_cut(reason.blocked.message)}")
    groups = [group for group in view.messages if group.kind is not MessageKind.DECLARED]
    if groups:
        yield Text("\nWhat went wrong", style="bold")
    diagnoses = {diagnosis.id: diagnosis for diagnosis in view.diagnoses}
    for group in groups[:MESSAGES]:
        where = wording.ranges((labels.get(first, first), labels.get(last, last)) for first, last in group.spans)
        yield Text(f"  {where}: {_cut(group.message)}")
        for sentence in group.second:
            yield Text(f"    {sentence}")
        if diagnosis := diagnoses.get(group.diagnosis):
            yield Text(f"    {diagnosis.cause} {diagnosis.do}", style="italic")
    if len(groups) > MESSAGES:
        yield Text(f"  {len(groups) - MESSAGES} more are in the report")


def compiling(view: View) -> Iterator[RenderableType]:
    """Yield the programs for TPU and how far their results agree; nothing if there are none."""
    if view.compiling.programs:
        yield Text(f"\nCompiled for TPU\n{wording_tpu.totals(view)}")
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("", "chip", "TensorFlow", "figures, or the error"):
            table.add_column(name)
        for program in view.compiling.programs:
            newest = wording_tpu.newest(program)
            figures = ", ".join(wording_tpu.facts(newest.figures)) if newest and newest.figures else ""
            name = ", ".join(filter(None, (program.title.rstrip("."), program.variant, program.note, program.model)))
            table.add_row(Text(name), program.chip.value, program.phrase, Text(_cut(wording_tpu.refusal(program)) or figures))
        yield table
    for agreement in view.compiling.agreement:
        yield Text("\n" + " ".join(wording_tpu.agreement(agreement, view.versions)))


def _table(view: View, ways: list[WayView], section: Installation) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    all_models = frozenset(model.model for model in view.models)
    for version in view.versions:
        table.add_column(wording.labels(view)[version], justify="center")
    for folder, members in groupby(ways, key=lambda way: way.folder):
        table.add_row(Text(wording.folder_heading(folder), style="dim"))
        for way in members:
            marks = next((track.marks for track in way.tracks if installed(track) == section), ())
            tags = "".join(f" ({tag})" for tag in (*wording.models(way, all_models), *wording.variants(way)))
            table.add_row(Text(f"  {way.title}{tags}"), *map(_mark, marks))
    return table


def _mark(mark: WayMark | None) -> Text:
    return Text(wording.STATES[mark.state][0], style=STYLES[mark.state]) if mark else Text("")


def _skipped(way: WayView) -> bool:
    silent = (State.SKIPPED, State.NOT_APPLICABLE)
    return all(mark is None or mark.state in silent for track in way.tracks for mark in track.marks)


def _cut(message: str) -> str:
    first = " ".join(message.split())
    return f"{first[:WIDTH]}…" if len(first) > WIDTH else first
