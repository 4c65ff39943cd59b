"""The names of conditions: what docs/selectors.md says of them, and that facts have all that can be asked of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from harness.domain import Axis
from harness.judge import facts
from harness.matrix.facts import planned
from harness.matrix.names import NAMES, Context, Name, ValueKind, contexts_phrase, names_in

PAGE = (Path(__file__).parents[3] / "docs" / "selectors.md").read_text(encoding="utf-8")


def row(name: Name) -> str:
    match name.kind:
        case ValueKind.VERSION:
            values = "versions"
        case ValueKind.PATH:
            values = "a path"
        case ValueKind.TEXT:
            values = ", ".join(f"`{value}`" for value in name.values or ())
    marks = " | ".join("✓" if context in name.contexts else "" for context in Context)
    return f"| `{name.spelling}` | {name.meaning} | {values} | {marks} |"


def test_the_page_lists_every_name_with_its_contexts() -> None:
    table = PAGE.partition("\n## Names\n")[2].partition("\n- ")[0]
    assert re.findall(r"^\| `.*$", table, re.MULTILINE) == [row(name) for name in NAMES]


def test_names_are_there_once_and_somewhere() -> None:
    assert len({name.name for name in NAMES}) == len(NAMES)
    assert all(name.contexts for name in NAMES)
    assert {axis.value for axis in Axis} <= set(names_in(Context.RULE))


def test_where_a_name_can_be_asked() -> None:
    assert contexts_phrase(names_in(Context.PLAN)["cell"].contexts) == "plan, run and check; in results and the report's page"


def asked(context: Context) -> set[str]:
    return {name.name for name in names_in(context).values() if not name.takes}


@pytest.mark.parametrize("context", [Context.PLAN, Context.RULE])
def test_facts_of_a_plan_have_every_name(context: Context, make: Any) -> None:
    assert asked(context) <= set(planned(make.axes(), {}, "environment", "cell").values)


@pytest.mark.parametrize("context", [Context.DECLARATION, Context.RESULT])
def test_facts_of_what_was_measured_have_every_name(context: Context, make: Any) -> None:
    environment = facts.of_environment(make.environment_record())
    cell = facts.of_cell(make.cell_record(), environment, {})
    for known in (facts.NO_FACTS, environment, cell, facts.of_case(cell, "cases/test_a.py::test_a", make.case_record())):
        assert asked(context) <= set(known.values)
