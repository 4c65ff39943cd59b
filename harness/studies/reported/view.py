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
from harness.studies.reported.verdict import Verdict, conclude, judge


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproductionView:
    """One reproduction beside what happened. `ended` and what follows are empty where it did not run."""

    name: str
    versions: Versions
    verdict: Verdict
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
    verdict: Verdict
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
    counts: tuple[tuple[Verdict, int], ...]

    def of(self, verdict: Verdict) -> int:
        return dict(self.counts)[verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Everything that is shown. `seconds` is what the shown reproductions took when they ran."""

    format: int
    reported: tuple[ReportedView, ...]
    tallies: tuple[Tally, ...]
    seconds: float

    @property
    def total(self) -> Tally:
        return self.tallies[-1]


_TABLE: TypeAdapter[Table] = TypeAdapter(Table)


def table(reported: Iterable[Reported], newest: Mapping[str, ObservedRecord]) -> Table:
    """`newest` is the newest record of each reproduction, by name."""
    shown = tuple(_line(one, newest) for one in reported)
    categories = [category for category in Category if any(one.category is category for one in shown)]
    tallies = (
        *(_tally(category, [one for one in shown if one.category is category]) for category in categories),
        _tally(None, shown),
    )
    seconds = sum(one.seconds for line in shown for one in line.reproductions)
    return Table(format=1, reported=shown, tallies=tallies, seconds=round(seconds, 1))


def as_json(shown: Table) -> str:
    """One JSON document, format 1."""
    return _TABLE.dump_json(shown, indent=1).decode() + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema of what `as_json` gives."""
    return _TABLE.json_schema(mode="serialization")


def _tally(category: Category | None, lines: Iterable[ReportedView]) -> Tally:
    counts = Counter(one.verdict for one in lines)
    total = counts.total()
    return Tally(
        category=category,
        total=total,
        runnable=total - counts[Verdict.CANNOT],
        counts=tuple((verdict, counts[verdict]) for verdict in Verdict),
    )


def _line(one: Reported, newest: Mapping[str, ObservedRecord]) -> ReportedView:
    records = {run.name: newest[run.name] for run in one.reproductions if run.name in newest}
    repository, _, number = one.source.partition("#")
    return ReportedView(
        id=one.id,
        source=one.source,
        link=f"https://github.com/{repository}/issues/{number}",
        title=one.title,
        category=one.category,
        versions=one.versions,
        words=one.words,
        verdict=conclude(one, {name: record.observed for name, record in records.items()}),
        cannot=one.cannot,
        why=one.why,
        found=one.found,
        reproductions=tuple(_reproduction(run, records.get(run.name)) for run in one.reproductions),
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
    told = [" ".join([expected.end.value.replace("_", " "), *([" or ".join(expected.kinds)] if expected.kinds else [])])]
    told += [f"saying /{expected.says.pattern}/"] if expected.says else []
    told += [f"printing /{expected.prints.pattern}/"] if expected.prints else []
    return ", ".join(told)
