"""Cells without a model are recorded as unavailable, and nothing is prepared for them."""

from __future__ import annotations

from typing import Any

from harness.domain import Plan, Status, Trouble
from harness.hub.supply import Lacking
from harness.results.format import CellRecord, EnvironmentRecord
from harness.run.aside import set_aside

GONE = Lacking(trouble=Trouble.MODEL, message="https://x/1: the server answers 404 Not Found")


def plan(make: Any) -> Plan:
    cells = (
        make.cell("here", environment="both", model="bert-en/3"),
        make.cell("gone", environment="both", model="bert-uncased/1"),
        make.cell("also-gone", environment="only", model="bert-uncased/1"),
    )
    models = {name: make.model(name) for name in ("bert-en/3", "bert-uncased/1")}
    return Plan(cells=cells, environments={name: make.request(name) for name in ("both", "only")}, models=models, left_out=())


def test_what_can_be_had_is_left_in_the_plan(make: Any) -> None:
    left, _ = set_aside(plan(make), (), {"bert-uncased/1": GONE})
    assert [cell.id for cell in left.cells] == ["here"]
    assert list(left.environments) == ["both"]


def test_the_others_are_unavailable_with_the_reason_and_their_cases_not_run(make: Any) -> None:
    _, records = set_aside(plan(make), (make.case(),), {"bert-uncased/1": GONE})
    cells = [record for record in records if isinstance(record, CellRecord)]
    assert [(cell.id, cell.status, cell.trouble, cell.message) for cell in cells] == [
        ("gone", Status.UNAVAILABLE, Trouble.MODEL, GONE.message),
        ("also-gone", Status.UNAVAILABLE, Trouble.MODEL, GONE.message),
    ]
    assert {ref.key for cell in cells for ref in cell.cases} == {None}


def test_an_environment_of_which_nothing_is_left_has_a_record(make: Any) -> None:
    _, records = set_aside(plan(make), (), {"bert-uncased/1": GONE})
    (environment,) = (record for record in records if isinstance(record, EnvironmentRecord))
    assert (environment.id, environment.status, environment.trouble) == ("only", Status.UNAVAILABLE, Trouble.MODEL)


def test_nothing_lacks(make: Any) -> None:
    assert set_aside(plan(make), (), {}) == (plan(make), ())
