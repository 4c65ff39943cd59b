"""The reader of cases/reported/reports.yaml: from text to values, or every problem at once with line and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from harness.base.errors import Problem, SpecError
from harness.documents.leaves import TEXT
from harness.documents.nodes import compose
from harness.documents.shape import Leaf, ListOf, Log, NodeShape, OneOrMore, RecordOf, RefusedText, TableOf, open_record
from harness.domain import Release
from harness.matrix.document import DAY, FORMAT, MODEL_ID, PYTHON, RELEASES, SECONDS, VERSION
from harness.studies.reported.model import (
    Category,
    End,
    Expectation,
    Obstacle,
    Reproduction,
    Step,
    UserReport,
    Versions,
    as_released,
)

FILE = "reports.yaml"
DEFAULT_SECONDS = 180.0
AS_RELEASED, TODAY = "as-released", "today"
ENDS = (End.RAISED, End.FINISHED, End.HUNG, End.CRASHED, End.LOCK_FAILED, End.INSTALL_FAILED)
T = TypeVar("T")


def load_reports(folder: Path, releases: tuple[Release, ...]) -> tuple[UserReport, ...]:
    """Read the list of reports in a folder that also has their scripts.

    Args:
        folder: cases/reported.
        releases: those of matrix.yaml.

    Raises:
        SpecError: the list isn't valid, a script is missing, or no report uses one.
    """
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(f"can't be read: {error.strerror}", location=path.name) from None
    reports = parse_reports(text, releases)
    _raise_if_any(_missing_scripts(reports, folder))
    return reports


def parse_reports(text: str, releases: tuple[Release, ...], *, name: str = FILE) -> tuple[UserReport, ...]:
    """Parse the list of reports; `releases` are those of matrix.yaml. Raises SpecError for every problem of the text."""
    root = compose(text, name)
    if root is None:
        raise SpecError("the file is empty", location=name)
    log = Log(name)
    sections = open_record(root, dict.fromkeys(("version", "releases", "reported")), "", log, optional=("releases",)) or {}
    more = RELEASES.read(sections["releases"], "releases", log) if "releases" in sections else ()
    by_version = {release.version: release for release in (*releases, *(more or ()))}
    shapes: dict[str, NodeShape[Any]] = {"version": FORMAT, "reported": TableOf(key=ID, value=_reported(by_version))}
    read: dict[str, Any] = {key: shape.read(sections[key], key, log) for key, shape in shapes.items() if key in sections}
    log.raise_if_any()
    reports = tuple(_report(id_, values) for id_, values in read["reported"])
    _raise_if_any(_contradictions(reports))
    return reports


def _text(expected: str, pattern: str, hint: str = "") -> Leaf[str]:
    def convert(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise RefusedText(f"{text!r} isn't {expected}", hint)
        return text

    return Leaf(expected=expected, convert=convert, json={"type": "string"})


def _one_of(expected: str, members: tuple[T, ...], name_of: Callable[[T], str]) -> Leaf[T]:
    by_name = {name_of(member): member for member in members}

    def convert(text: str) -> T:
        if text not in by_name:
            raise RefusedText(f"{text!r} isn't {expected}", f"known: {', '.join(by_name)}")
        return by_name[text]

    return Leaf(expected=expected, convert=convert, json={"type": "string", "enum": list(by_name)})


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.DOTALL)  # messages and outputs have several lines
    except re.error as error:
        raise RefusedText(f"not a regular expression: {error}") from None


def _day(text: str) -> date | str:
    return text if text in (AS_RELEASED, TODAY) else DAY.convert(text)


def _prose(text: str) -> str:
    return " ".join(text.split())


ID = _text("a report's id", r"[a-z0-9][a-z0-9-]*", "small letters, digits and -")
SOURCE = _text("a source", r"[\w.-]+/[\w.-]+#\d+", "owner/repository#number")
SCRIPT = _text("a script's file name", r"[a-z][a-z0-9_]*\.py", "small letters, digits and _")
PROSE: Leaf[str] = Leaf(expected="a text", convert=_prose, json={"type": "string"})
PATTERN: Leaf[re.Pattern[str]] = Leaf(expected="a regular expression", convert=_pattern, json={"type": "string"})
SETTING: Leaf[str] = Leaf(expected="a quoted text", convert=str, json={"type": "string"})
WHEN: Leaf[date | str] = Leaf(
    expected="a date, as-released or today", convert=_day, json={"type": "string"}, kinds=("text", "date")
)
CATEGORY = _one_of("a category", tuple(Category), lambda member: member.value)
WHY = _one_of("a reason", tuple(Obstacle), lambda member: member.value)
VERSIONS = _one_of("a relation of versions", tuple(Versions), lambda member: member.value)
END = _one_of("an end", ENDS, lambda member: member.value)
HUB = _text("a version of tensorflow-hub, or none", r"none|[0-9][0-9.a-z]*")

EXPECT: RecordOf[Expectation] = RecordOf(
    fields={"ends": END, "raises": OneOrMore(item=TEXT), "says": PATTERN, "prints": PATTERN},
    optional=("ends", "raises", "says", "prints"),
    build=lambda values, _location: Expectation(
        end=values.get("ends", End.RAISED),
        kinds=values.get("raises", ()),
        says=values.get("says"),
        prints=values.get("prints"),
    ),
)
CANNOT: RecordOf[tuple[Obstacle, str]] = RecordOf(
    fields={"reason": WHY, "why": PROSE}, build=lambda values, _location: (values["reason"], values["why"])
)


def _step_fields(releases: Mapping[str, Release]) -> dict[str, NodeShape[Any]]:
    def release(text: str) -> Release | None:
        if text != "none" and text not in releases:
            # VERSION refuses a text that isn't a version at all, with a message of its own.
            VERSION.convert(text)
            raise RefusedText(f"{text!r} is neither in matrix.yaml nor under releases", "add it there")
        return releases.get(text)

    # In a tuple, since None is what a shape returns for a value with problems.
    # In a tuple, since None is what a shape returns for a value with problems.
    tensorflow: Leaf[tuple[Release | None]] = Leaf(
        expected="a quoted version, or none", convert=lambda text: (release(text),), json={"type": "string"}
    )
    return {
        "tensorflow": tensorflow,
        "hub": HUB,
        "with": OneOrMore(item=TEXT),
        "override": OneOrMore(item=TEXT),
        "date": WHEN,
        "python": PYTHON,
        "environ": TableOf(key=_text("a variable's name", r"[A-Z_][A-Z0-9_]*"), value=SETTING),
        "models": OneOrMore(item=MODEL_ID),
        "script": SCRIPT,
        "seconds": SECONDS,
    }


STEP_OPTIONAL = ("hub", "with", "override", "date", "python", "environ", "models", "script", "seconds")


def _step(values: dict[str, Any], _location: str = "") -> Step:
    (release,) = values["tensorflow"]
    day = values.get("date", AS_RELEASED)
    if day == AS_RELEASED:
        day = as_released(release) if release else None
    return Step(
        release=release,
        hub={"none": ""}.get(values.get("hub", ""), values.get("hub")),
        packages=values.get("with", ()),
        overrides=values.get("override", ()),
        day=None if day == TODAY else day,
        python=values.get("python"),
        settings=values.get("environ", ()),
        models=values.get("models", ()),
        script=values.get("script"),
        seconds=values.get("seconds", DEFAULT_SECONDS),
    )


def _reproduction(releases: Mapping[str, Release]) -> RecordOf[dict[str, Any]]:
    fields = _step_fields(releases)
    first: RecordOf[Step] = RecordOf(fields=fields, optional=STEP_OPTIONAL, build=_step)
    return RecordOf(
        fields={**fields, "first": OneOrMore(item=first), "versions": VERSIONS, "expect": EXPECT},
        optional=(*STEP_OPTIONAL, "first", "expect"),
        build=lambda values, location: {**values, "step": _step(values), "location": location},
    )


def _reported(releases: Mapping[str, Release]) -> RecordOf[dict[str, Any]]:
    return RecordOf(
        fields={
            "source": SOURCE,
            "title": PROSE,
            "category": CATEGORY,
            "versions": PROSE,
            "words": PROSE,
            "expect": EXPECT,
            # By identity: two equal attempts are not a mistake.
            "reproduce": ListOf(item=_reproduction(releases), key=id),
            "cannot": CANNOT,
            "found": PROSE,
        },
        optional=("expect", "reproduce", "cannot", "found"),
        build=lambda values, location: {**values, "location": location},
    )


def _report(id_: str, values: dict[str, Any]) -> UserReport:
    cannot, why = values.get("cannot", (None, ""))
    return UserReport(
        id=id_,
        source=values["source"],
        title=values["title"],
        category=values["category"],
        versions=values["versions"],
        words=values["words"],
        reproductions=tuple(
            Reproduction(
                name=f"{id_}-{number}",
                versions=attempt["versions"],
                steps=(*attempt.get("first", ()), attempt["step"]),
                expectation=attempt.get("expect") or values.get("expect") or Expectation(end=End.RAISED),
            )
            for number, attempt in enumerate(values.get("reproduce", ()), 1)
        ),
        cannot=cannot,
        why=why,
        findings=values.get("found", ""),
        location=values["location"],
    )


def _contradictions(reports: tuple[UserReport, ...]) -> Iterator[Problem]:
    for report in reports:
        if (report.cannot is None) == (not report.reproductions):
            yield Problem(location=report.location, message=f"{report.id}: needs either reproduce or cannot")
        for reproduction in report.reproductions:
            expected = reproduction.expectation
            if expected.end is not End.HUNG and expected.says is None and expected.prints is None:
                yield Problem(
                    location=report.location, message=f"{reproduction.name}: nothing to compare", hint="give says or prints"
                )
            if any(step.script is None for step in reproduction.steps) and expected.end is not End.LOCK_FAILED:
                yield Problem(location=report.location, message=f"{reproduction.name}: a step has no script")
            for step in reproduction.steps:
                if step.release is None and step.python is None:
                    yield Problem(
                        location=report.location, message=f"{reproduction.name}: without TensorFlow, python must be given"
                    )


def _missing_scripts(reports: tuple[UserReport, ...], folder: Path) -> Iterator[Problem]:
    used = {
        step.script: report.location
        for report in reports
        for reproduction in report.reproductions
        for step in reproduction.steps
        if step.script
    }
    for script, location in sorted(used.items()):
        if not (folder / script).is_file():
            yield Problem(location=location, message=f"no script {script}", hint=f"write {folder.name}/{script}")
    for path in sorted(folder.glob("*.py")):
        if path.name not in used:
            yield Problem(location=f"{folder.name}/{path.name}", message="no report uses this script")


def _raise_if_any(problems: Iterator[Problem]) -> None:
    if listed := tuple(problems):
        raise SpecError.of(listed)
