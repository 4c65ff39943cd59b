"""Which Python gives the second opinion."""

from __future__ import annotations

from typing import Any

import pytest

from harness.matrix.second import older, second_cell, second_opinion

LISTED = ("3.9", "3.10", "3.11", "3.12", "3.13")


@pytest.mark.parametrize(
    ("minors", "minor", "expected"),
    [
        pytest.param(LISTED, "3.13", "3.11", id="across the break, not the other one after it"),
        pytest.param(LISTED, "3.12", "3.11", id="across the break"),
        pytest.param(("3.13", "3.9", "3.10"), "3.13", "3.10", id="the newest before the break"),
        pytest.param(("3.12", "3.13"), "3.13", "3.12", id="nothing before the break"),
        pytest.param(LISTED, "3.11", "3.10", id="the next older one"),
        pytest.param(("3.6", "3.7"), "3.7", "3.6", id="as versions, not as text"),
        pytest.param(LISTED, "3.9", None, id="the oldest"),
    ],
)
def test_older(minors: tuple[str, ...], minor: str, expected: str | None) -> None:
    assert older(minors, minor) == expected


def test_the_same_request_on_an_older_python(make: Any) -> None:
    request = make.request()
    second = second_opinion(request, "3.11")
    assert second is not None
    assert (second.id, second.python, second.second_opinion_on) == (f"{request.id}-py310", "3.10", request.id)
    assert (second.release, second.install, second.keras) == (request.release, request.install, request.keras)


def test_who_pinned_an_interpreter_gets_no_other(make: Any) -> None:
    assert second_opinion(make.request(python="3.11"), "3.11") is None
    assert second_opinion(make.request(), "3.9") is None


def test_a_cell_keeps_its_values(make: Any) -> None:
    cell = make.cell("tf-2_16_2-as-released--m--h5--cpu")
    second = second_opinion(make.request(), "3.11")
    assert second is not None
    again = second_cell(cell, second)
    assert (again.id, again.environment) == ("tf-2_16_2-as-released-py310--m--h5--cpu", second.id)
    assert (again.axes.python, again.axes.model) == ("3.10", cell.axes.model)
