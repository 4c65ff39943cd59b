"""TensorFlow versions in short."""

from __future__ import annotations

import pytest

from harness.base.errors import SelectionError
from harness.matrix.facts import Facts
from harness.matrix.shorthand import HINT, compile_versions

VERSIONS = ("1.15.5", "2.4.4", "2.8.4", "2.12.1", "2.15.1", "2.16.2", "2.19.1")


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("", VERSIONS),
        (" , ", VERSIONS),
        ("2.15", ("2.15.1",)),
        ("2.15,2.19", ("2.15.1", "2.19.1")),
        ("2.15 , 2.19 ,", ("2.15.1", "2.19.1")),
        ("2.8-2.15", ("2.8.4", "2.12.1", "2.15.1")),
        ("2.8–2.12.1", ("2.8.4", "2.12.1")),
        ("1.15 .. 2.4", ("1.15.5", "2.4.4")),
        (">=2.12,<2.16", ("2.12.1", "2.15.1")),
        (">= 2.12, < 2.16", ("2.12.1", "2.15.1")),
        ("2.4, >=2.12, <2.16", ("2.4.4", "2.12.1", "2.15.1")),
        ("==2.4.*", ("2.4.4",)),
        ("!=2.15, >2.12", ("2.16.2", "2.19.1")),
        ("<=2.4", ("1.15.5", "2.4.4")),
        ("2.99", ()),
    ],
)
def test_what_it_stands_for(text: str, versions: tuple[str, ...]) -> None:
    selector = compile_versions(text)
    assert tuple(version for version in VERSIONS if selector(Facts({"tensorflow": version}))) == versions


@pytest.mark.parametrize(
    ("text", "columns"),
    [("newest", [1]), ("2.15, newest, 2.x", [7, 15]), (">=2.8-2.9", [1]), ("~=2.4", [1]), ("2.4 2.5", [1]), ("2.8-", [1])],
)
def test_what_is_none_of_its_forms(text: str, columns: list[int]) -> None:
    with pytest.raises(SelectionError) as caught:
        compile_versions(text)
    assert [problem.location for problem in caught.value.problems] == [f"--tensorflow:{column}" for column in columns]
    assert {problem.hint for problem in caught.value.problems} == {HINT}
    assert caught.value.problems[0].message.endswith("isn't a condition on versions")
