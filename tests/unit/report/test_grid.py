"""The pivot's order and gaps, and ranges of versions."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from harness.domain import Axes
from harness.report.grid import arrange, ascending, runs


def axes(tensorflow: str, format_: str = "h5", device: str = "cpu", **pins: str) -> Axes:
    known = {"install": "as-released", "keras": "default", "model": "m"}
    return TypeAdapter(Axes).validate_python(known | {"tensorflow": tensorflow, "format": format_, "device": device} | pins)


def test_newest_first_and_formats_in_the_order_of_the_domain() -> None:
    order, (section,) = arrange([axes("2.9.3", "savedmodel"), axes("2.10.1", "keras"), axes("2.10.1", "savedmodel")])
    assert [row.tensorflow for row in section.rows] == ["2.10.1", "2.9.3"]
    assert [column.format for column in section.columns] == ["keras", "savedmodel"]
    assert [row.cells for row in section.rows] == [(0, 1), (None, 2)]
    assert order == (1, 2, 0)


def test_one_section_for_each_way_to_install_and_one_row_for_each_pin() -> None:
    _, sections = arrange(
        [axes("2.9.3", install="today"), axes("2.9.3"), axes("2.9.3", python="3.9"), axes("2.9.3", keras="legacy")]
    )
    assert [(section.install.value, section.keras.value) for section in sections] == [
        ("as-released", "default"),
        ("as-released", "legacy"),
        ("today", "default"),
    ]
    assert sorted(str(row.python) for row in sections[0].rows) == ["3.9", "None"]


def test_cells_without_a_model_come_first() -> None:
    order, (section,) = arrange([axes("2.9.3"), axes("2.9.3", model="")])
    assert [column.model for column in section.columns] == ["", "m"]
    assert order == (1, 0)


def test_nothing() -> None:
    assert arrange([]) == ((), ())


def test_two_cells_on_one_place_are_an_error() -> None:
    with pytest.raises(ValueError, match="duplicate"):
        arrange([axes("2.9.3"), axes("2.9.3")])


def test_versions_sort_as_versions_and_make_ranges() -> None:
    versions = ascending(["2.10.1", "2.9.3", "nightly", "2.8.4", "2.9.3"])
    assert versions == ("nightly", "2.8.4", "2.9.3", "2.10.1")
    assert runs(frozenset({"2.8.4", "2.9.3"}), versions) == (("2.8.4", "2.9.3"),)
    assert runs(frozenset({"nightly", "2.9.3", "2.10.1"}), versions) == (("nightly", "nightly"), ("2.9.3", "2.10.1"))
    assert runs(frozenset(), versions) == ()
