"""Second opinions in every format: the sentence stands beside the failure, and the verdict stays that of the first."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rich.console import Console

from harness.domain import Status
from harness.judge.outcomes import CaseVerdict
from harness.judge.second import SecondOpinion, SecondVerdict
from harness.judge.verdict import CellVerdict
from harness.report import html, jsonview, markdown, terminal, wording
from harness.report.document import View
from harness.report.payload import payload

PASSES = "On Python 3.10 the same case passes: the newest Python, 3.11, is part of the cause."
IMPORTS = "On Python 3.10 it imports: the newest Python, 3.11, is part of the cause."
F, P = CaseVerdict.FAILED, CaseVerdict.PASSED


@pytest.fixture
def shown(records: Any) -> View:
    """A case that fails on the newest Python alone, and an environment that imports on an older one alone."""
    records.second(records.cell(F, P), P)
    broken = {"status": Status.IMPORT_FAILED, "message": "No module named imp"}
    records.second(records.cell(tensorflow="2.9.3", status=Status.IMPORT_FAILED, environment=broken), status=Status.COMPLETED)
    return records.view({})


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (SecondVerdict.PASSES, "On Python 3.11 the same case passes: the newest Python, 3.12, is part of the cause."),
        (SecondVerdict.FAILS_THE_SAME, "Fails in the same words on Python 3.11."),
        (SecondVerdict.FAILS_AS_DECLARED, "Fails on Python 3.11 too, as declared there."),
        (SecondVerdict.FAILS_OTHERWISE, "Fails on Python 3.11 too, in other words."),
    ],
)
def test_sentences(verdict: SecondVerdict, sentence: str) -> None:
    assert wording.second_on_case(SecondOpinion(first="3.12.8", second="3.11.11", verdict=verdict)) == sentence


def test_what_could_not_be_installed_is_installed_on_the_older_python() -> None:
    opinion = SecondOpinion(first="3.12.8", second="3.11.11", verdict=SecondVerdict.PASSES)
    sentence = "On Python 3.11 it installs and imports: the newest Python, 3.12, is part of the cause."
    assert wording.second_on_environment(opinion, Status.INSTALL_FAILED) == sentence


def test_the_verdict_stays_that_of_the_first_opinion(shown: View) -> None:
    assert [(cell.id, cell.verdict, cell.label) for cell in shown.cells] == [
        ("cell-0", CellVerdict.PARTLY, "1!"),
        ("cell-2", CellVerdict.FAILS, "import"),
    ]
    assert (shown.counts.recorded, shown.counts.planned, len(shown.environments)) == (2, 4, 2)
    assert [case.verdict for case in shown.cases] == [F, P]


def test_cases_and_cells_name_their_python_and_the_second_opinion(shown: View) -> None:
    assert [(case.python, case.second) for case in shown.cases] == [("3.11.11", PASSES), ("3.11.11", "")]
    assert [(cell.python, cell.second) for cell in shown.cells] == [("3.11.11", ""), ("3.11.11", IMPORTS)]


def test_every_format_has_the_sentences(shown: View) -> None:
    console = Console(width=200, record=True, file=None)
    with console.capture() as printed:
        console.print(terminal.render(shown))
    page, data = html.render(shown), json.loads(payload(shown))
    for sentence in (PASSES, IMPORTS):
        assert sentence in printed.get()
        assert sentence in markdown.render(shown)
        assert f'<p class="diagnosis second">{sentence}</p>' in page
        assert sentence in jsonview.render(shown)
    assert {place: data["strings"][text] for place, text in data["cells"]["second"].items()} == {"1": IMPORTS}
    assert [data["strings"][kind[13]] for kind in data["kinds"]] == [PASSES, ""]


def test_a_group_of_messages_has_them_only_if_each_was_tried_again(records: Any) -> None:
    for tensorflow in ("2.9.3", "2.10.1"):
        ref = records.case("c", "e", F, message="ValueError: no")
        cell = records.cell(tensorflow=tensorflow, refs=(ref,))
        records.cases[-1] = records.cases[-1].model_copy(update={"environment": cell.environment})
    records.second(records.cells[0], P)
    assert [group.second for group in records.view({}).messages] == [()]
    records.second(records.cells[1], F)
    assert [group.second for group in records.view({}).messages] == [("Fails on Python 3.10 too, in other words.", PASSES)]
