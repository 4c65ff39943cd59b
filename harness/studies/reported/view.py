"""The table of reports: judged, counted and sorted once, for every renderer.

Format history of the JSON:
  1  first version
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from harness.report.text import first_line, plain
from harness.studies.reported.journal import ReproductionRecord, StepRecord
from harness.studies.reported.model import Category, Obstacle, Reproduction, UserReport, Versions
from harness.studies.reported.verdict import ReportVerdict, conclude, judge


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproductionView:
    """One reproduction and its observation. `ended` and the fields after it are empty if it did not run."""

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
class UserReportView:
    """One line of the table. `findings` is `found` in the JSON."""

    id: str
    source: str
    link: str
    title: str
    category: Category
    versions: str
    words: str
    verdict: ReportVerdict
    cannot: Obstacle | None
    why: str
    findings: Annotated[str, Field(serialization_alias="found")]
    reproductions: tuple[ReproductionView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The counts of a category's reports by verdict; of all reports if `category` is None. `runnable` can be run here."""

    category: Category | None
    total: int
    runnable: int
    counts: tuple[tuple[ReportVerdict, int], ...]

    def of(self, verdict: ReportVerdict) -> int:
        return dict(self.counts)[verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsTable:
    """The table of reports. `seconds` is the time that its reproductions took when they ran."""

    format: int
    reported: tuple[UserReportView, ...]
    tallies: tuple[Tally, ...]
    seconds: float

    @property
    def total(self) -> Tally:
        return self.tallies[-1]


_TABLE: TypeAdapter[ReportsTable] = TypeAdapter(ReportsTable)


def build_table(reports: Iterable[UserReport], newest: Mapping[str, ReproductionRecord]) -> ReportsTable:
    """Build the table of these reports from the newest record of each reproduction, by its name."""
    lines = tuple(_line(report, newest) for report in reports)
    categories = [category for category in Category if any(line.category is category for line in lines)]
    # The last tally is that of all reports, `ReportsTable.total`.
    tallies = (
        *(_tally(category, [line for line in lines if line.category is category]) for category in categories),
        _tally(None, lines),
    )
    seconds = sum(reproduction.seconds for line in lines for reproduction in line.reproductions)
    return ReportsTable(format=1, reported=lines, tallies=tallies, seconds=round(seconds, 1))


def table_json(table: ReportsTable) -> str:
    """Return the table as a JSON document, format 1."""
    return _TABLE.dump_json(table, indent=1, by_alias=True).decode() + "\n"


def table_schema() -> dict[str, Any]:
    """Return the JSON Schema of `table_json`'s document."""
    return _TABLE.json_schema(mode="serialization")


def _tally(category: Category | None, lines: Iterable[UserReportView]) -> Tally:
    counts = Counter(line.verdict for line in lines)
    total = counts.total()
    return Tally(
        category=category,
        total=total,
        runnable=total - counts[ReportVerdict.CANNOT],
        counts=tuple((verdict, counts[verdict]) for verdict in ReportVerdict),
    )


def _line(report: UserReport, newest: Mapping[str, ReproductionRecord]) -> UserReportView:
    records = {reproduction.name: newest[reproduction.name] for reproduction in report.reproductions if reproduction.name in newest}
    repository, _, number = report.source.partition("#")
    return UserReportView(
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
        findings=report.findings,
        reproductions=tuple(_reproduction(reproduction, records.get(reproduction.name)) for reproduction in report.reproductions),
    )


def _reproduction(reproduction: Reproduction, record: ReproductionRecord | None) -> ReproductionView:
    return ReproductionView(
        name=reproduction.name,
        versions=reproduction.versions,
        verdict=judge(reproduction, record.observed if record else None),
        expected=_expected(reproduction),
        ended=record.end.value if record else "",
        observed=first_line(record.message) if record else "",
        # `plain`, since packages print terminal colours, and a report may hold any other control character.
        evidence=plain(record.evidence) if record else "",
        output=plain(record.output, 6_000) if record else "",
        steps=record.steps if record else (),
        scripts=tuple(step.script for step in reproduction.steps if step.script),
        seconds=record.seconds if record else 0.0,
        recorded=record.recorded if record else "",
    )


def _expected(reproduction: Reproduction) -> str:
    """Return the expectation in words: `raised ValueError or KeyError, saying /…/`."""
    expected = reproduction.expectation
    parts = [" ".join([expected.end.value.replace("_", " "), *([" or ".join(expected.kinds)] if expected.kinds else [])])]
    parts += [f"saying /{expected.says.pattern}/"] if expected.says else []
    parts += [f"printing /{expected.prints.pattern}/"] if expected.prints else []
    return ", ".join(parts)
