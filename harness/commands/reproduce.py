"""`hubmatrix reproduce`: the list, running what is not known of it, and the table on screen and beside the report."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.base.files import write_atomically
from harness.base.workspace import Workspace
from harness.matrix import Spec, load
from harness.run.prepare import machine_interpreters
from harness.studies.reported import html, journal, markdown, reader, view
from harness.studies.reported.engine import Options, Watcher, bench_of, choose, reproduce
from harness.studies.reported.journal import ObservedRecord
from harness.studies.reported.model import Reported
from harness.studies.reported.perform import definition

NAMES = ("reported.html", "reported.md", "reported.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The whole list, and what a user wants of it."""

    spec: Spec
    every: tuple[Reported, ...]
    reported: tuple[Reported, ...]


def select(place: Workspace, names: Sequence[str], categories: Sequence[str]) -> Chosen:
    """Read the list. SpecError for what is wrong in it, SelectionError where nothing is selected."""
    spec = load(place.matrix)
    every = reader.load(place.reported, spec.releases)
    return Chosen(spec=spec, every=every, reported=choose(every, names, categories))


def run(place: Workspace, chosen: Chosen, options: Options, watcher: Watcher) -> None:
    """Run what is not known yet."""
    reproduce(chosen.reported, place, chosen.spec, options, watcher)


def table(place: Workspace, chosen: Chosen, *, every: bool = False) -> view.Table:
    """What is known of the chosen reports, or of all."""
    shown = chosen.every if every else chosen.reported
    return view.table(shown, _newest(place, chosen.spec, shown))


def render(place: Workspace, shown: view.Table) -> tuple[Path, ...]:
    """The pages beside the report."""
    texts = (html.render(shown), markdown.render(shown), view.as_json(shown))
    paths = tuple(place.site / name for name in NAMES)
    for path, text in zip(paths, texts, strict=True):
        write_atomically(path, text)
    return paths


def _newest(place: Workspace, spec: Spec, reported: Sequence[Reported]) -> Mapping[str, ObservedRecord]:
    """The newest record of what each reproduction asks for now; several may ask for the same."""
    bench = bench_of(place, spec, asyncio.run(machine_interpreters()))
    wanted = {one.name: definition(bench, one) for line in reported for one in line.reproductions}
    known = {one.definition: one for one in journal.read(place.observed)}
    return {name: known[asked] for name, asked in wanted.items() if asked in known}
