"""Cells without a model are recorded as unavailable, and nothing is prepared for them."""

from __future__ import annotations

from typing import Any

import pytest

from harness.domain import Device, Lacking, Plan, Service, Status, Trouble
from harness.environments.uv import Failure
from harness.results.format import CellRecord, EnvironmentRecord
from harness.run.aside import by_cell, set_aside, without_service
from harness.run.assign import assign, without_known
from harness.run.groups import EnvironmentGroup

GONE = Lacking(trouble=Trouble.MODEL, message="https://x/1: the server answers 404 Not Found")


NO_TPU = Lacking(trouble=Trouble.DEVICE, message="no TPU")
ASIDE = {"gone": GONE, "also-gone": GONE}


def plan(make: Any) -> Plan:
    cells = (
        make.cell("here", environment="both", model="bert-en/3"),
        make.cell("gone", environment="both", model="bert-uncased/1"),
        make.cell("also-gone", environment="only", model="bert-uncased/1"),
    )
    models = {name: make.model(name) for name in ("bert-en/3", "bert-uncased/1")}
    return Plan(cells=cells, environments={name: make.request(name) for name in ("both", "only")}, models=models, left_out=())


def test_what_can_be_had_is_left_in_the_plan(make: Any) -> None:
    left, _ = set_aside(plan(make), (), ASIDE)
    assert [cell.id for cell in left.cells] == ["here"]
    assert list(left.environments) == ["both"]


def test_the_others_are_unavailable_with_the_reason_and_their_cases_not_run(make: Any) -> None:
    _, records = set_aside(plan(make), (make.case(),), ASIDE)
    cells = [record for record in records if isinstance(record, CellRecord)]
    assert [(cell.id, cell.status, cell.trouble, cell.message) for cell in cells] == [
        ("gone", Status.UNAVAILABLE, Trouble.MODEL, GONE.message),
        ("also-gone", Status.UNAVAILABLE, Trouble.MODEL, GONE.message),
    ]
    assert {ref.key for cell in cells for ref in cell.cases} == {None}


def test_an_environment_of_which_nothing_is_left_has_a_record(make: Any) -> None:
    _, records = set_aside(plan(make), (), ASIDE)
    (environment,) = (record for record in records if isinstance(record, EnvironmentRecord))
    assert (environment.id, environment.status, environment.trouble) == ("only", Status.UNAVAILABLE, Trouble.MODEL)


def test_nothing_lacks(make: Any) -> None:
    assert set_aside(plan(make), (), {}) == (plan(make), ())


def test_a_cell_lacks_its_model_or_its_device(make: Any) -> None:
    cells = (
        make.cell("here", model="a"),
        make.cell("no-model", model="b"),
        make.cell("no-device", model="a", device=Device.TPU),
        make.cell("neither", model="b", device=Device.TPU),
    )
    asked = Plan(cells=cells, environments={}, models={}, left_out=())
    assert by_cell(asked, {"b": GONE}, {Device.TPU: NO_TPU}) == {"no-model": GONE, "no-device": NO_TPU, "neither": NO_TPU}


def test_all_cells_of_an_environment_lack_something(make: Any) -> None:
    _, records = set_aside(plan(make), (), {"here": NO_TPU, "gone": GONE, "also-gone": GONE})
    environments = [record for record in records if isinstance(record, EnvironmentRecord)]
    assert [one.id for one in environments] == ["both", "only"]


COMPILER = Service.TPU_COMPILER
ABSENT = {COMPILER: Failure(status=Status.UNAVAILABLE, trouble=Trouble.DEVICE, message="no CPython 3.12", evidence="")}


def aside_for_want_of_a_service(make: Any, cases: dict[str, set[Service]], known: set[str], failed: Any = ABSENT) -> set[str]:
    listed = [make.case(name, services=frozenset(services)) for name, services in cases.items()]
    jobs = assign([make.cell()], listed, {"bert-en/3": make.model()}, lambda case, _uses, _model: case.id)
    jobs = without_known(jobs, known)
    group = EnvironmentGroup(identity=make.identity(), requests=(make.request(),), jobs=jobs, ends={})
    services = {case.id: case.services for case in listed}
    return set(without_service([group], known, services, failed))


@pytest.mark.parametrize(
    ("cases", "known", "expected"),
    [
        pytest.param({"a": {COMPILER}}, set(), {"cell-1"}, id="nothing else to measure"),
        pytest.param({"a": {COMPILER}, "b": set()}, set(), set(), id="other cases go on"),
        pytest.param({"a": {COMPILER}}, {"a"}, set(), id="all known"),
        pytest.param({"a": {COMPILER}, "b": {COMPILER, Service.HUB_SERVER}}, {"a"}, {"cell-1"}, id="one left"),
        pytest.param({"a": {Service.HUB_SERVER}}, set(), set(), id="another service"),
        pytest.param({}, set(), set(), id="no case"),
    ],
)
def test_cells_that_have_nothing_but_cases_without_their_service(
    make: Any, cases: dict[str, set[Service]], known: set[str], expected: set[str]
) -> None:
    assert aside_for_want_of_a_service(make, cases, known) == expected
    assert aside_for_want_of_a_service(make, cases, known, {}) == set()
