"""Numbers by version: what is one row, what stands apart, and how few digits are shown."""

from __future__ import annotations

from typing import Any

import pytest

from harness.domain import Outcome
from harness.report import html, markdown, wording
from harness.report.document import NumberRow, View

CASE = "cases/encoding/test_same.py::test_same"
VERSIONS = ("2.13.1", "2.14.1", "2.15.1", "2.16.2")


def measure(
    records: Any, tensorflow: str, value: float, *, name: str = "drift", used: tuple[str, ...] = ("model",), **axes: Any
) -> None:
    cell = f"cell-{len(records.cells)}"
    uses = {one: axes.get(one, {"model": "bert-en/3", "device": "cpu", "format": "h5"}[one]) for one in used}
    ref = records.case(cell, "e", Outcome.PASSED, case=CASE, uses=uses, measured={name: value})
    records.cell(tensorflow=tensorflow, refs=(ref,), **axes)


def rows(found: View) -> list[NumberRow]:
    return [row for measured in found.numbers for row in measured.rows]


def test_a_row_has_a_place_for_each_version(records: Any) -> None:
    measure(records, "2.13.1", 1e-7)
    records.cell(Outcome.PASSED, tensorflow="2.14.1")
    measure(records, "2.15.1", 3e-4)
    found = records.view({CASE: "The same"})
    (row,) = rows(found)
    assert (found.numbers[0].name, row.title, row.folder) == ("drift", "The same", "encoding")
    assert (row.model, row.format, row.device) == ("bert-en/3", "", "")
    assert row.values == (1e-7, None, 3e-4)
    assert [place if place is None else found.cells[place].axes.tensorflow for place in row.cells] == ["2.13.1", None, "2.15.1"]


def test_models_and_the_axes_that_a_case_uses_are_rows_of_their_own_largest_first(records: Any) -> None:
    measure(records, "2.15.1", 1.0, used=("model", "device"), device="cpu")
    measure(records, "2.15.1", 3.0, used=("model", "device"), device="xla-cpu")
    measure(records, "2.15.1", -2.0, used=("model", "device"), model="electra/2")
    assert [(row.model, row.device, row.values) for row in rows(records.view({}))] == [
        ("bert-en/3", "xla-cpu", (3.0,)),
        ("electra/2", "cpu", (-2.0,)),
        ("bert-en/3", "cpu", (1.0,)),
    ]


def test_a_result_that_several_cells_share_is_one_row(records: Any) -> None:
    measure(records, "2.15.1", 1.0)
    first = records.cells[0]
    records.cell(refs=first.cases, format="keras")
    (row,) = rows(records.view({}))
    assert (row.values, row.format, row.cells) == ((1.0,), "", (0,))


def test_of_what_no_row_tells_apart_the_largest_is_shown(records: Any) -> None:
    for value in (1.0, -5.0, 2.0):
        measure(records, "2.15.1", value, pins={"python": f"3.{9 + len(records.cells)}"})
    assert rows(records.view({}))[0].values == (-5.0,)


def test_names_are_tables_of_their_own(records: Any) -> None:
    measure(records, "2.15.1", 1.0, name="seconds")
    measure(records, "2.16.2", 2.0, name="drift")
    assert [(one.name, len(one.rows)) for one in records.view({}).numbers] == [("drift", 1), ("seconds", 1)]


@pytest.mark.parametrize(
    ("values", "apart", "words"),
    [
        ((1e-7, 1e-7, 3e-4, 1e-7), (False, False, True, False), "1e-7 to 3e-4, far more in 2.15"),
        ((1e-7, 2e-7, 9e-7, 1e-7), (False, False, False, False), "1e-7 to 9e-7"),
        ((0.0, 0.0, 1e-9, 0.0), (False, False, True, False), "0 to 1e-9, far more in 2.15"),
        ((0.5, 0.5, 0.5, 0.5), (False, False, False, False), "0.5"),
    ],
)
def test_what_stands_apart(records: Any, values: tuple[float, ...], apart: tuple[bool, ...], words: str) -> None:
    for tensorflow, value in zip(VERSIONS, values, strict=True):
        measure(records, tensorflow, value)
    found = records.view({})
    (row,) = rows(found)
    assert row.apart == apart
    assert wording.between_numbers(row, tuple(wording.labels(found).values())) == words


def test_two_versions_are_too_few_to_stand_apart(records: Any) -> None:
    measure(records, "2.15.1", 1.0)
    measure(records, "2.16.2", 1000.0)
    assert rows(records.view({}))[0].apart == (False, False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.234e-7, "1e-7"),
        (-3.1e-4, "-3e-4"),
        (0.001, "0.001"),
        (0.1234, "0.12"),
        (3.0, "3"),
        (99.6, "100"),
        (-151.2, "-151"),
        (12345.0, "1e4"),
    ],
)
def test_short_numbers(value: float, text: str) -> None:
    assert wording.number(value) == text


def test_the_page_and_markdown_show_them(records: Any) -> None:
    measure(records, "2.15.1", 1.25e-7, name="<b>drift</b>")
    found = records.view({CASE: "The same"})
    page = html.render(found)
    assert "<b>drift" not in page
    assert f'data-cell="0" data-case="{CASE}" title="TensorFlow 2.15.1: 1.25e-07">1e-7</button>' in page
    text = markdown.render(found)
    assert "## Measured: `<b>drift</b>`" in text
    assert "| `The same` | `bert-en/3` | `–` | as released, default Keras | 1e-7 |" in text
