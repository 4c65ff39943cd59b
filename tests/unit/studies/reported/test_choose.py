"""Which reports a user means."""

from __future__ import annotations

import pytest

from harness.base.errors import SelectionError
from harness.studies.reported.engine import choose
from harness.studies.reported.model import Category
from tests.unit.studies.reported.test_view import reported

LIST = (reported("k3-a"), reported("k3-b", Category.KERAS3), reported("other", Category.KERAS3))


def ids(names: list[str], categories: list[str]) -> list[str]:
    return [one.id for one in choose(LIST, names, categories)]


def test_names_patterns_and_categories() -> None:
    assert ids([], []) == ["k3-a", "k3-b", "other"]
    assert ids(["other", "k3-a"], []) == ["k3-a", "other"]
    assert ids(["k3-*"], ["keras3"]) == ["k3-b"]


@pytest.mark.parametrize(
    ("names", "categories", "message"),
    [
        (["othr"], [], "no report 'othr' (hint: did you mean 'other'?)"),
        ([], ["keras"], "--category: no category 'keras' (hint: did you mean 'keras3'?)"),
        (["k3-a"], ["keras3"], "nothing is selected (hint: drop the names or the categories)"),
    ],
)
def test_mistakes(names: list[str], categories: list[str], message: str) -> None:
    with pytest.raises(SelectionError) as caught:
        ids(names, categories)
    assert str(caught.value) == message
