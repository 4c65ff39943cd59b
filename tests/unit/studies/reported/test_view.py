"""The table: counted once, and safe to show whatever a package prints."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import jsonschema

from harness.results.format import Package
from harness.studies.reported import html, markdown, view
from harness.studies.reported.journal import ReproductionRecord, StepRecord
from harness.studies.reported.model import Category, End, Expectation, Obstacle, Reproduction, UserReport, Versions
from harness.studies.reported.verdict import ReportVerdict
from tests.unit.studies.reported.test_verdict import STEP

HOSTILE = "ValueError: </script><script>alert(1)</script> | `x` \x1b[31mred\u202e"


def reported(id_: str, category: Category = Category.IMPORT, **values: Any) -> UserReport:
    expected = Expectation(end=End.RAISED, kinds=("ValueError",), says=re.compile("alert"))
    run = Reproduction(name=f"{id_}-1", versions=Versions.NEAREST, steps=(STEP,), expectation=expected)
    texts = {"source": "o/r#7", "title": "<b>title</b>", "versions": "TensorFlow 2.x", "words": "w"}
    return UserReport(id=id_, category=category, **({"reproductions": (run,)} | texts | values))


def observed(name: str, **values: Any) -> ReproductionRecord:
    step = StepRecord(requirements=("tensorflow==2.16.2",), packages=(Package(name="tensorflow", version="2.16.2"),), script="x.py")
    known = {"end": End.RAISED, "kinds": ("ValueError",), "message": HOSTILE, "evidence": HOSTILE, "output": HOSTILE}
    fixed = {"definition": "d", "key": "k", "steps": (step,), "step": 0, "seconds": 2.0, "recorded": "2026-11-20T12:00:00+00:00"}
    return ReproductionRecord(reproduction=name, **(fixed | known | values))


LIST = (
    reported("a"),
    reported("b"),
    reported("c", Category.RELOAD),
    reported("d", Category.RELOAD, reproductions=(), cannot=Obstacle.TPU, why="a TPU"),
)
KNOWN = {"a-1": observed("a-1"), "c-1": observed("c-1", end=End.FINISHED, message="", evidence="")}
TABLE = view.build_table(LIST, KNOWN)


def test_counts() -> None:
    assert [one.verdict for one in TABLE.reported] == [
        ReportVerdict.REPRODUCED,
        ReportVerdict.NOT_RUN,
        ReportVerdict.NOT_REPRODUCED,
        ReportVerdict.CANNOT,
    ]
    assert [(one.category, one.total, one.runnable) for one in TABLE.tallies] == [
        (Category.IMPORT, 2, 2),
        (Category.RELOAD, 2, 1),
        (None, 4, 3),
    ]
    assert sum(dict(TABLE.total.counts).values()) == 4
    assert TABLE.seconds == 4.0


def test_json_has_a_format() -> None:
    document = json.loads(view.table_json(TABLE))
    assert document["format"] == 1
    jsonschema.validate(document, view.table_schema())
    assert document["reported"][0]["reproductions"][0]["expected"] == "raised ValueError, saying /alert/"
    assert document["reported"][0]["found"] == ""


def test_html_escapes_everything_from_outside() -> None:
    page = html.render(TABLE)
    tags: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.append(tag)  # type: ignore[method-assign]  # noqa: ARG005
    parser.feed(page)
    assert "script" not in tags
    assert tags.count("details") >= 4
    assert "&lt;b&gt;title&lt;/b&gt;" in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_markdown_rows_hold_together() -> None:
    rows = [line for line in markdown.render(TABLE).splitlines() if line.startswith("| [o/r#7]")]
    assert len(rows) == 4
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}
