"""Which declaration applies where, and those that never could."""

from __future__ import annotations

from typing import Any

import pytest

from harness.base.errors import Problem, SpecError
from harness.domain import Case, Declaration, Device, Interface
from harness.judge.declarations import applying, compiled, never_holding
from harness.judge.facts import NO_FACTS
from harness.matrix.facts import Facts
from harness.matrix.plan import Plan

INTERFACES = {"bert-en/3": Interface.DICT}


def declaration(line: int = 1, **values: str) -> Declaration:
    values = {"match": "no such output", "instead": "Name it.", **values}
    return Declaration(raises=("ValueError",), location=f"cases/test_a.py:{line}:1", **values)


def facts(packages: dict[str, str] | None = None, **values: str | None) -> Facts:
    return Facts({**NO_FACTS.values, **values}, packages or {})


def declares(make: Any, *declarations: Declaration) -> Case:
    case: Case = make.case(declarations=declarations)
    return case


def holds(make: Any, mark: Declaration, where: Facts) -> bool:
    case = declares(make, mark)
    return applying(compiled([case], {})[case.id], where) is mark


@pytest.mark.parametrize(
    ("when", "until", "where", "applies"),
    [
        ("", "", facts(), True),
        ("tensorflow>=2.16 and keras=default", "", facts(tensorflow="2.19.1", keras="default"), True),
        ("tensorflow>=2.16 and keras=default", "", facts(tensorflow="2.15.1", keras="default"), False),
        ("package(setuptools)>=82", "", facts({"setuptools": "84.2.1"}), True),
        ("package(setuptools)>=82", "", facts(), False),
        ("", "tensorflow>=2.19", facts(tensorflow="2.18.1"), True),
        ("", "tensorflow>=2.19", facts(tensorflow="2.19.1"), False),
        ("variant=corrupt", "", facts(variant="corrupt"), True),
        ("python>=3.12", "", facts(python="3.12.1"), True),
    ],
)
def test_where_a_declaration_applies(make: Any, when: str, until: str, where: Facts, applies: bool) -> None:
    assert holds(make, declaration(when=when, until=until), where) is applies


def test_the_topmost_of_several_that_hold_applies(make: Any) -> None:
    upper, lower = declaration(1, when="tensorflow>=2.16"), declaration(2)
    marks = compiled([declares(make, upper, lower)], {})["cases/test_a.py::test_a"]
    assert applying(marks, facts(tensorflow="2.19.1")) is upper
    assert applying(marks, facts(tensorflow="2.15.1")) is lower
    assert applying(marks[:1], facts(tensorflow="2.15.1")) is None


def test_every_fault_of_every_condition_is_said_at_its_mark_with_what_else_is_wrong(make: Any) -> None:
    case = declares(make, declaration(3, when="devise=cpu"), declaration(7, until="tensorflow>="))
    with pytest.raises(SpecError) as caught:
        compiled([case], {}, [Problem(location="cases/test_b.py:1:1", message="no such case")])
    assert [problem.location for problem in caught.value.problems] == [
        "cases/test_b.py:1:1",
        "cases/test_a.py:3:1",
        "cases/test_a.py:7:1",
    ]
    assert "when, character 1: unknown name 'devise'" in str(caught.value.problems[1])
    assert "until, character 13" in str(caught.value.problems[2])


def plan(make: Any, *tensorflows: str, **axes: Any) -> Plan:
    cells = tuple(make.cell(f"cell-{number}", tensorflow=tensorflow, **axes) for number, tensorflow in enumerate(tensorflows))
    return Plan(cells=cells, environments={}, models={"bert-en/3": make.model()}, left_out=())


@pytest.mark.parametrize(
    ("when", "until", "never"),
    [
        ("tensorflow>=2.16", "", False),
        ("tensorflow>=2.22", "", True),
        ("interface=text", "", True),
        ("device=tpu-v5e", "", True),
        ("package(protobuf)>=4", "", False),
        ("package(protobuf)>=4 and tensorflow>=2.22", "", True),
        ("package(protobuf)>=4 or tensorflow>=2.22", "", False),
        ("not tensorflow<2.22", "", True),
        ("not package(protobuf)>=4", "", False),
        ("tensorflow=2.19", "tensorflow>=2.18", True),
        ("tensorflow=2.19", "package(keras)>=3", False),
        ("", "", False),
    ],
)
def test_a_declaration_that_no_cell_could_fulfil_is_a_problem(make: Any, when: str, until: str, never: bool) -> None:
    case = declares(make, declaration(5, when=when, until=until))
    problems = never_holding([case], compiled([case], {}), plan(make, "2.15.1", "2.19.1"), INTERFACES)
    assert [problem.location for problem in problems] == ["cases/test_a.py:5:1"] * never


def test_cells_that_never_run_the_case_fulfil_nothing(make: Any) -> None:
    case = make.case(declarations=(declaration(),), devices=frozenset({Device.TPU_V5E}))
    (problem,) = never_holding([case], compiled([case], {}), plan(make, "2.15.1"), INTERFACES)
    assert "no cell of the full plan that runs this case" in problem.message
