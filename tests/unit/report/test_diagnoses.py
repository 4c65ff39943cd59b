"""Diagnoses beside messages: in every format, at the case, at the cell, and at the group of messages that they explain."""

from __future__ import annotations

import io
import json
from typing import Any

from rich.console import Console

from harness.domain import Outcome, Status
from harness.report import html, jsonview, markdown, terminal

NO_NUMPY = "AttributeError: 'Tensor' object has no attribute 'numpy'"
CAUSE = "computes nothing until a session runs the graph"


def fail(records: Any, tensorflow: str, message: str = NO_NUMPY) -> None:
    axes = records.cell(tensorflow=tensorflow).axes
    home = records.environment(axes).id
    cell = f"cell-{len(records.cells)}"
    records.cell(tensorflow=tensorflow, format="keras", refs=(records.case(cell, home, Outcome.FAILED, message=message),))


def test_a_case_under_a_version_that_means_it(records: Any) -> None:
    fail(records, "1.15.5")
    found = records.view({})
    assert [case.diagnosis for case in found.cases] == ["no-eager-execution"]
    assert [one.id for one in found.diagnoses] == ["no-eager-execution"]
    assert [group.diagnosis for group in found.messages] == ["no-eager-execution"]


def test_the_same_words_under_several_versions_have_no_common_one(records: Any) -> None:
    fail(records, "1.15.5")
    fail(records, "2.0.4")
    found = records.view({})
    assert {case.diagnosis for case in found.cases} == {"no-eager-execution", ""}
    assert [group.diagnosis for group in found.messages] == [""]


def test_an_environment_that_does_not_import(records: Any) -> None:
    message = "ModuleNotFoundError: No module named 'pkg_resources'"
    records.cell(status=Status.IMPORT_FAILED, environment={"status": Status.IMPORT_FAILED, "message": message})
    found = records.view({})
    assert found.cells[0].diagnosis == "no-pkg-resources"
    assert found.messages[0].diagnosis == "no-pkg-resources"


def test_every_format_tells_it(records: Any) -> None:
    fail(records, "1.15.5")
    found = records.view({})
    page = html.render(found)
    assert page.count('<p class="diagnosis">') == 1
    assert page.count(CAUSE) == 2  # beside the message, and for the details of cells
    assert CAUSE in markdown.render(found)
    assert json.loads(jsonview.render(found))["diagnoses"][0]["see"] == "cases/encoding/test_encode_tf1.py"
    console = Console(width=200, file=io.StringIO())
    console.print(terminal.render(found))
    assert CAUSE in console.file.getvalue()  # type: ignore[attr-defined]


def test_what_is_not_known_is_told_without(records: Any) -> None:
    fail(records, "2.15.1", "AssertionError: 1 == 2")
    found = records.view({})
    assert found.diagnoses == ()
    assert '<p class="diagnosis">' not in html.render(found)
