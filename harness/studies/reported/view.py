"""The table of reports: judged, counted and sorted once, for every renderer.

Format history of the JSON:
  1  first version
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from harness.report.text import first_line, plain
from harness.studies.reported.journal import ObservedRecord, StepRecord
from harness.studies.reported.model import Category, Reported, Reproduction, Versions, Why
from harness.studies.reported.verdict import ReportVerdict, conclude, judge


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproductionView:
    """One reproduction beside what happened. `ended` and what follows are empty where it did not run."""

    name: str
    versions: Versions
    verdict: ReportVerdict
    expected: str
    ended: str
    observed: str
    evidence: str
    output: str
    steps: tuple[StepRecord, ...]
    scripts: tuple[str, ...]
    seconds: float
    recorded: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedView:
    """One line of the table."""

    id: str
    source: str
    link: str
    title: str
    category: Category
    versions: str
    words: str
    verdict: ReportVerdict
    cannot: Why | None
    why: str
    found: str
    reproductions: tuple[ReproductionView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many reports of a category (None: of all) have each verdict; `runnable` are those that can be run here."""

    category: Category | None
    total: int
    runnable: int
    counts: tuple[tuple[ReportVerdict, int], ...]

    def of(self, verdict: ReportVerdict) -> int:
        return dict(self.counts)[verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsTable:
    """Everything that is shown. `seconds` is what the shown reproductions took when they ran."""

    format: int
    reported: tuple[ReportedView, ...]
    tallies: tuple[Tally, ...]
    seconds: float

    @property
    def total(self) -> Tally:
        return self.tallies[-1]


_TABLE: TypeAdapter[ReportsTable] = TypeAdapter(ReportsTable)


def table(reported: Iterable[Reported], newest: Mapping[str, ObservedRecord]) -> ReportsTable:
    """`newest` is the newest record of each reproduction, by name."""
    shown = tuple(_line(report, newest) for report in reported)
    categories = [category for category in Category if any(line.category is category for line in shown)]
    tallies = (
        *(_tally(category, [line for line in shown if line.category is category]) for category in categories),
        _tally(None, shown),
    )
    seconds = sum(run.seconds for line in shown for run in line.reproductions)
    return ReportsTable(format=1, reported=shown, tallies=tallies, seconds=round(seconds, 1))


def as_json(shown: ReportsTable) -> str:
    """One JSON document, format 1."""
    return _TABLE.dump_json(shown, indent=1).decode() + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema of what `as_json` gives."""
    return _TABLE.json_schema(mode="serialization")


def _tally(category: Category | None, lines: Iterable[ReportedView]) -> Tally:
    counts = Counter(line.verdict for line in lines)
    total = counts.total()
    return Tally(
        category=category,
        total=total,
        runnable=total - counts[ReportVerdict.CANNOT],
        counts=tuple((verdict, counts[verdict]) for verdict in ReportVerdict),
    )


def _line(report: Reported, newest: Mapping[str, ObservedRecord]) -> ReportedView:
    records = {run.name: newest[run.name] for run in report.reproductions if run.name in newest}
    repository, _, number = report.source.partition("#")
    return ReportedView(
        id=report.id,
        source=report.source,
        link=f"https://github.com/{repository}/issues/{number}",
        title=report.title,
        category=report.category,
        versions=report.versions,
        words=report.words,
        verdict=conclude(report, {name: record.observed for name, record in records.items()}),
        cannot=report.cannot,
        why=report.why,
        found=report.found,
        reproductions=tuple(_reproduction(run, records.get(run.name)) for run in report.reproductions),
    )


def _reproduction(run: Reproduction, record: ObservedRecord | None) -> ReproductionView:
    return ReproductionView(
        name=run.name,
        versions=run.versions,
        verdict=judge(run, record.observed if record else None),
        expected=_expected(run),
        ended=record.end.value if record else "",
        observed=first_line(record.message) if record else "",
        evidence=plain(record.evidence) if record else "",
        output=plain(record.output, 6_000) if record else "",
        steps=record.steps if record else (),
        scripts=tuple(step.script for step in run.steps if step.script),
        seconds=record.seconds if record else 0.0,
        recorded=record.recorded if record else "",
    )


def _expected(run: Reproduction) -> str:
    """`raised ValueError or KeyError, saying "…"`."""
    expected = run.expectation
    parts = [" ".join([expected.end.value.replace("_", " "), *([" or ".join(expected.kinds)] if expected.kinds else [])])]
    parts += [f"saying /{expected.says.pattern}/"] if expected.says else []
    parts += [f"printing /{expected.prints.pattern}/"] if expected.prints else []
    return ", ".join(parts)
