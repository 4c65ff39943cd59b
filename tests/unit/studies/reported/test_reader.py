"""The list of reports: what it may hold, and that the committed one is whole."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harness.base.errors import SpecError
from harness.domain import Release
from harness.matrix import load_spec
from harness.models import replicas
from harness.studies.reported import reader
from harness.studies.reported.model import End, Obstacle, UserReport, Versions

ROOT = Path(__file__).parents[4]
LIST = """\
version: 1
releases:
  - {{version: "2.7.1", package: tensorflow-cpu, released: 2022-02-02, pythons: ["3.8"]}}
reported:
  one-1:
    source: tensorflow/hub#1
    title: It fails
    category: import
    versions: TensorFlow 2.7.1
    words: "TypeError: no"
{entry}
"""
RUN = """\
    expect: {raises: TypeError, says: "no+"}
    reproduce:
      - {tensorflow: "2.7.1", versions: reported, script: import_it.py}
"""


def parse(entry: str, *releases: Release) -> tuple[UserReport, ...]:
    return reader.parse_reports(LIST.format(entry=entry.rstrip()), releases)


def problems(entry: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse(entry)
    return [str(problem) for problem in caught.value.problems]


def test_a_report() -> None:
    (one,) = parse(RUN)
    (run,) = one.reproductions
    (step,) = run.steps
    assert (one.id, one.source, run.name, run.versions) == ("one-1", "tensorflow/hub#1", "one-1-1", Versions.REPORTED)
    assert (run.expectation.end, run.expectation.kinds) == (End.RAISED, ("TypeError",))
    assert run.expectation.says is not None
    assert run.expectation.says.pattern == "no+"
    assert step.requirements.requirements == ("tensorflow-cpu==2.7.1", "tensorflow-hub")
    assert (step.requirements.exclude_newer, step.requirements.daily) == (date(2022, 2, 23), False)


def test_what_is_asked_for_beside_tensorflow() -> None:
    entry = RUN.replace(
        "script:", 'hub: none, with: ["tensorflow-text==2.7.*", trustme], override: "numpy==2.0.2", date: today, script:'
    )
    asked = parse(entry)[0].reproductions[0].steps[0].requirements
    assert asked.requirements == ("tensorflow-cpu==2.7.1", "tensorflow-text==2.7.*", "trustme")
    assert asked.overrides == ("numpy==2.0.2", "tensorflow ; python_version < '0'")
    assert (asked.exclude_newer, asked.daily) == (None, True)


def test_what_one_tensorflow_writes_another_loads(make: Any) -> None:
    entry = RUN.replace("- {", '- {first: {tensorflow: "2.16.2", script: write_it.py}, ')
    (run,) = parse(entry, make.release())[0].reproductions
    assert [(step.release.version if step.release else None, step.script) for step in run.steps] == [
        ("2.16.2", "write_it.py"),
        ("2.7.1", "import_it.py"),
    ]


def test_a_report_that_can_not_be_run() -> None:
    (one,) = parse('    cannot: {reason: tpu, why: "no TPU"}')
    assert (one.cannot, one.why, one.reproductions) == (Obstacle.TPU, "no TPU", ())


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("", "reports.yaml:6:5: one-1: needs either reproduce or cannot"),
        (
            RUN.replace("TypeError, says", "TypeError, sais"),
            "reports.yaml:11:33: reported.one-1.expect.sais: unknown key (hint: did you mean 'says'?)",
        ),
        (RUN.replace(', says: "no+"', ""), "reports.yaml:6:5: one-1-1: nothing to compare (hint: give says or prints)"),
        (
            RUN.replace('"no+"', '"(no"'),
            "reports.yaml:11:39: reported.one-1.expect.says: not a regular expression: "
            "missing ), unterminated subpattern at position 0",
        ),
        (
            RUN.replace('"2.7.1"', '"2.7.9"'),
            "reports.yaml:13:22: reported.one-1.reproduce[0].tensorflow: '2.7.9' is neither in matrix.yaml nor under releases "
            "(hint: add it there)",
        ),
        (RUN.replace(", script: import_it.py", ""), "reports.yaml:6:5: one-1-1: a step has no script"),
        (RUN.replace('"2.7.1"', "none"), "reports.yaml:6:5: one-1-1: without TensorFlow, python must be given"),
    ],
)
def test_problems(entry: str, problem: str) -> None:
    assert problem in problems(entry)


def test_scripts_and_the_list_belong_together(tmp_path: Path) -> None:
    (tmp_path / reader.FILE).write_text(LIST.format(entry=RUN))
    (tmp_path / "idle.py").touch()
    with pytest.raises(SpecError) as caught:
        reader.load_reports(tmp_path, ())
    assert [problem.message for problem in caught.value.problems] == ["no script import_it.py", "no report uses this script"]


def test_the_committed_list() -> None:
    """Every report of the collection is there, once, and asks for replicas that there are."""
    found = reader.load_reports(ROOT / "cases" / "reported", load_spec(ROOT / "matrix.yaml").releases)
    assert len(found) == 104
    assert len({one.source for one in found}) == 104
    known = {path.stem for path in replicas.FOLDER.glob("*.json")}
    wanted = {model for one in found for run in one.reproductions for step in run.steps for model in step.models}
    assert {model.replace("/", "-") for model in wanted} <= known
