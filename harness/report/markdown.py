"""Render the view as Markdown (GitHub's), for a job summary or a README: which way works, then one column for each model.

Text from outside is put into code spans only, where nothing in it is markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from harness.domain import HOSTS
from harness.judge.verdict import CellVerdict
from harness.report import wording, wording_tpu
from harness.report.document import (
    ClaimView,
    Installation,
    Mark,
    MessageGroup,
    MessageKind,
    ModelSummary,
    NumberRow,
    Program,
    Section,
    Track,
    View,
    WayView,
    installed,
)
from harness.report.panels import idle, panels

# Longer tables are cut, and say so: the HTML report has everything.
MESSAGES = 15
NUMBERS = 20
PROGRAMS = 60
WIDTH = 160


def render(view: View) -> str:
    """Return the view as one Markdown document."""
    return "\n".join(_lines(view)) + "\n"


def _lines(view: View) -> Iterator[str]:
    yield "# What works with what"
    yield ""
    if banner := wording.banner(view):
        # GitHub draws a quote that begins so as a warning.
        yield from ("> [!WARNING]", f"> {banner}", "")
    yield from _headline(view)
    yield from _ways(view)
    yield from _numbers(view)
    yield from _compiling(view)
    yield from _documents(view)
    yield from _models(view)
    yield from _messages(view)
    for section in view.sections:
        yield from _section(view, section)


def _headline(view: View) -> Iterator[str]:
    counts, header = view.counts, view.header
    versions, models = wording.many(len(view.versions), "TensorFlow version"), wording.many(len(view.models), "model")
    yield f"{wording.many(counts.planned, 'cell')}, {versions}, {models}. Run {code(header.run)}, started {code(header.started)}."
    if counts.reused:
        yield f"{wording.many(counts.reused, 'result')} reused from earlier runs."
    yield ""
    if counts.unexpected_passes:
        yield f"**{wording.many(counts.unexpected_passes, 'unexpected pass', 'unexpected passes')}**: declared to fail, but passed."
        yield ""


def _count(view: View, verdict: CellVerdict) -> tuple[str, ...]:
    return wording.SYMBOLS[verdict], wording.NAMES[verdict], f"{view.counts.of(verdict):,}", wording.MEANINGS[verdict]


def _ways(view: View) -> Iterator[str]:
    labels, view_panels = wording.labels(view), panels(view)
    if not view.ways:
        return
    yield from ("## Which way works in which version", "")
    reasons = [*idle(view), *(reason for panel in view_panels for reason in panel.reasons)]
    yield from (f"- {wording.reason(reason, labels)} {_shortened(reason.blocked.message)}" for reason in reasons)
    yield from ([""] if reasons else [])
    sections = [section for panel in view_panels for section in panel.installed]
    names = tuple(f"{wording.install(section.install).lower()}, {wording.beside(section)}" for section in sections)
    all_models = frozenset(model.model for model in view.models)
    for folder, lines in groupby(view.ways if sections else (), key=lambda way: way.folder):
        heads = (plain_or_dash(wording.folder_heading(folder)), *names)
        yield from _table(heads, (_way(way, all_models, sections) for way in lines))


def _way(way: WayView, all_models: frozenset[str], sections: Iterable[Installation]) -> tuple[str, ...]:
    phrases = {installed(track): track.phrase for track in way.tracks}
    tags = "".join(f" ({code(model)})" for model in wording.models(way, all_models))
    tags += "".join(f" ({variant})" for variant in wording.variants(way))
    return f"{code(way.title)}{tags}", *(plain_or_dash(phrases.get(section, "")) for section in sections)


def _numbers(view: View) -> Iterator[str]:
    """Yield the measured numbers as ranges; the HTML report has each number."""
    labels = tuple(wording.labels(view).values())
    for measured in view.numbers:
        yield from (f"## Measured: {code(measured.name)}", "")
        yield from _table(
            ("case", "model", "on", "installed", "measured"), (_number(row, labels) for row in measured.rows[:NUMBERS])
        )
        if len(measured.rows) > NUMBERS:
            yield from (f"{len(measured.rows) - NUMBERS:,} more are in the HTML report.", "")


def _number(row: NumberRow, labels: Sequence[str]) -> tuple[str, ...]:
    conditions = ", ".join(filter(None, (row.variant, row.format, row.device)))
    where = f"{wording.install(row.install).lower()}, {wording.beside(installed(row))}"
    return code(row.title), code(row.model), code(conditions), where, wording.between_numbers(row, labels)


def _compiling(view: View) -> Iterator[str]:
    """Yield the programs for TPU, whether their results are the same, and the cells of each device."""
    programs = view.compiling.programs
    if programs:
        yield from ("## Compiled for TPU, without a TPU", "", wording_tpu.ABOUT, "", wording_tpu.totals(view), "")
        names = ("program", "model", "chip", "TensorFlow", "figures of the newest, or the error")
        yield from _table(names, map(_program, programs[:PROGRAMS]))
        if len(programs) > PROGRAMS:
            yield from (f"{len(programs) - PROGRAMS:,} more are in the HTML report.", "")
    for agreement in view.compiling.agreement:
        way = f"{wording.install(agreement.install)}, {wording.beside(installed(agreement))}"
        yield from (f"### Are the results the same? {way}", "")
        yield from (" ".join(wording_tpu.agreement(agreement, view.versions)), "")
    if len(view.devices) > len(HOSTS):
        yield from ("## Cells by device", "")
        heads = (f"{wording.SYMBOLS[verdict]} {wording.NAMES[verdict]}" for verdict in CellVerdict)
        rows = (
            (code(count.device.value), *(f"{count.cells[verdict] or '–'}" for verdict in CellVerdict)) for count in view.devices
        )
        yield from _table(("device", *heads), rows)


def _program(program: Program) -> tuple[str, ...]:
    newest, refusal = wording_tpu.newest(program), wording_tpu.refusal(program)
    tags = "".join(f" ({code(tag)})" for tag in (program.variant, program.note) if tag)
    seen = _shortened(refusal) if refusal else ", ".join(wording_tpu.facts(newest.figures)) if newest and newest.figures else ""
    return f"{code(program.title)}{tags}", code(program.model), program.chip.value, plain_or_dash(program.phrase), seen or "–"


def _documents(view: View) -> Iterator[str]:
    if not view.documents:
        return
    yield from ("## What documents say, and what happened", "")
    for document in view.documents:
        yield from (f"### {code(document.title)} ({code(document.file)})", "")
        yield from _table(("answer", "statement", "where", "seen"), map(_claim, document.claims))


def _claim(claim: ClaimView) -> tuple[str, ...]:
    phrases = [f"{phrase} ({where})" if where else phrase for phrase, where in wording.of_claim(claim)]
    measured = [wording.measured_on(claim)] if claim.measured_on else []
    versions = "; ".join([*phrases, *measured]) or claim.why
    seen = claim.proofs[0].message if claim.proofs else ""
    return " ".join(wording.ANSWERS[claim.answer]), code(claim.says), plain_or_dash(versions), _shortened(seen) if seen else "–"


def _models(view: View) -> Iterator[str]:
    yield from ("## Which TensorFlow works for everything", "")
    yield from _table(("", "verdict", "cells", "meaning"), (_count(view, verdict) for verdict in CellVerdict))
    names = ("model", "installed", "works", "works, but for declared failures", "partly", "fails")
    yield from _table(names, (_track(model, track) for model in view.models for track in model.tracks))


def _track(model: ModelSummary, track: Track) -> tuple[str, ...]:
    return (
        code(model.model),
        f"{wording.install(track.install).lower()}, {wording.beside(installed(track))}",
        plain_or_dash(", ".join(wording.of_track(track, CellVerdict.WORKS))),
        plain_or_dash(", ".join(wording.of_track(track, CellVerdict.WORKS, declared=True))),
        plain_or_dash(", ".join(wording.of_track(track, CellVerdict.PARTLY))),
        plain_or_dash(", ".join(wording.of_track(track, CellVerdict.FAILS))),
    )


def _messages(view: View) -> Iterator[str]:
    groups = [group for group in view.messages if group.kind is not MessageKind.MACHINE]
    if not groups:
        return
    yield from ("## What goes wrong most often", "")
    explained = {diagnosis.id: f"{diagnosis.cause} {diagnosis.do} ({code(diagnosis.see)})" for diagnosis in view.diagnoses}
    rows = (
        (*_message(group), " ".join(filter(None, (*group.second, explained.get(group.diagnosis)))) or "–")
        for group in groups[:MESSAGES]
    )
    yield from _table(("message", "", "cells", "TensorFlow", "why, and what to do"), rows)
    if len(groups) > MESSAGES:
        yield from (f"{len(groups) - MESSAGES:,} more messages are in the HTML report.", "")


def _message(group: MessageGroup) -> tuple[str, ...]:
    loud = wording.kind(group.kind)
    return (
        _shortened(group.message),
        f"**{loud}**" if group.kind is MessageKind.UNEXPECTED_PASS else loud,
        f"{group.cells:,}",
        plain_or_dash(wording.ranges(group.spans)),
    )


def _shortened(message: str) -> str:
    return code(f"{message[:WIDTH]}…" if len(message) > WIDTH else message)


def _section(view: View, section: Section) -> Iterator[str]:
    tracks = {
        wording.model(model.model): {mark.tensorflow: mark for mark in track.marks}
        for model in (*filter(None, [view.without_model]), *view.models)
        for track in model.tracks
        if installed(track) == installed(section)
    }
    versions = dict.fromkeys(row.tensorflow for row in section.rows)
    yield f"## {wording.install(section.install)}, {wording.beside(installed(section))}"
    yield from ("", f"{wording.install_meaning(section.install).capitalize()}. Each entry: cells that work of all cells.", "")
    rows = ((plain_or_dash(version), *(_mark(marks.get(version)) for marks in tracks.values())) for version in versions)
    yield from _table(("TensorFlow", *map(code, tracks)), rows)


def _mark(mark: Mark | None) -> str:
    if mark is None:
        return ""
    declared = " (declared failures)" if mark.declared else ""
    return f"{wording.SYMBOLS[mark.verdict]} {mark.working}/{mark.cells}{declared}"


def _table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = tuple(names)
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def code(text: str) -> str:
    """Return a code span that holds any text on one line, also inside a table."""
    text = " ".join(text.split()) or "–"
    # CommonMark: a span ends at a run of as many backticks as began it, and one space on each side is stripped.
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    # GitHub splits a row at every `|`, also inside a code span, unless it is escaped.
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", r"\|")


def plain_or_dash(text: str) -> str:
    """Return versions, ranges and phrases as they are, other text as a code span, and a dash for an empty text."""
    if not text:
        return "–"
    return text if re.fullmatch(r"[\w.+!,;:' –-]+", text) else code(text)
