"""Cells grouped by what is installed, less what is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.domain import Axis, Companion, KerasChoice, Plan, SaveFormat, Status
from harness.environments.uv import Failure
from harness.results.format import CaseRef
from harness.results.history import History
from harness.run.assign import CellEnd
from harness.run.groups import Group, cell_key, expected_seconds, group, wanted


@pytest.fixture
def plan(make: Any) -> Plan:
    """Two environments, two cells each."""
    cells = [
        make.cell(f"{name}-{format_.value}", environment=name, format=format_)
        for name in ("one", "two")
        for format_ in (SaveFormat.H5, SaveFormat.KERAS)
    ]
    environments = {"one": make.request("one"), "two": make.request("two", keras=KerasChoice.LEGACY)}
    return Plan(cells=tuple(cells), environments=environments, models={"bert-en/3": make.model()}, left_out=())


@pytest.fixture
def grouped(make: Any, plan: Plan) -> Any:
    """`grouped(identities, known)`: the plan's groups, with a case that loads and one that saves."""
    cases = [make.case("loads", uses=frozenset({Axis.MODEL})), make.case("saves", uses=frozenset({Axis.MODEL, Axis.FORMAT}))]

    def one(identities: Any, known: History | None = None) -> tuple[Group, ...]:
        return group(plan, cases, make.limits(), {"bert-en/3": "m"}, identities, known or History())

    return one


def different(make: Any) -> dict[str, Any]:
    return {"one": make.identity(), "two": replace(make.identity(), lock=make.lock(sha256="f" * 64))}


def shown(groups: tuple[Group, ...]) -> list[tuple[list[str], dict[str, list[str]]]]:
    return [
        ([request.id for request in one.requests], {job.cell.id: [task.case.id for task in job.tasks] for job in one.jobs})
        for one in groups
    ]


def test_one_group_for_each_installed_set(make: Any, grouped: Any) -> None:
    assert shown(grouped(different(make))) == [
        (["one"], {"one-h5": ["loads", "saves"], "one-keras": ["saves"]}),
        (["two"], {"two-h5": ["loads", "saves"], "two-keras": ["saves"]}),
    ]


def test_the_same_installed_set_is_measured_once(make: Any, grouped: Any) -> None:
    groups = grouped({"one": make.identity(), "two": make.identity()})
    assert shown(groups) == [
        (["one", "two"], {"one-h5": ["loads", "saves"], "one-keras": ["saves"], "two-h5": [], "two-keras": []}),
    ]
    assert groups[0].jobs[0].refs == groups[0].jobs[2].refs


def test_environments_without_an_identity_have_no_group(make: Any, grouped: Any) -> None:
    failure = Failure(status=Status.LOCK_FAILED, trouble=None, message="", evidence="")
    assert [one.requests[0].id for one in grouped({"one": failure, "two": make.identity()})] == ["two"]
    assert [one.requests[0].id for one in grouped({"two": make.identity()})] == ["two"]


def test_known_cases_are_not_run_again(make: Any, grouped: Any) -> None:
    keys = [ref.key for ref in grouped(different(make))[0].jobs[0].refs]
    known = History(cases={keys[0]: (make.case_record(key=keys[0]),)})
    assert shown(grouped(different(make), known))[0] == (["one"], {"one-h5": ["saves"], "one-keras": ["saves"]})


def test_a_process_known_to_die_outside_any_case_is_not_started_again(make: Any, grouped: Any) -> None:
    first = grouped(different(make))[0].jobs[0]
    known = History(cells={cell_key(first.refs): make.cell_record(status=Status.CRASHED, message="SIGSEGV at exit")})
    one, two = grouped(different(make), known)
    assert set(one.ends) == {task.key for task in first.tasks}
    assert {end.status for end in one.ends.values()} == {Status.CRASHED}
    assert one.jobs[0].idle(one.ends)
    assert one.jobs[0].end(one.ends).message == "SIGSEGV at exit"
    assert two.ends == {}


def test_wanted_names_every_key(make: Any, grouped: Any) -> None:
    groups = grouped(different(make))
    keys = wanted(groups)
    assert keys.cases == {ref.key for one in groups for job in one.jobs for ref in job.refs}
    assert keys.environments == {one.identity.key for one in groups}
    assert len(keys.cells) == 4


def test_what_is_expected_comes_from_when_it_was_last_seen(make: Any, grouped: Any) -> None:
    one = grouped(different(make))[0]
    assert expected_seconds(one.jobs[0], {"loads": 2.0, "saves": 3.0}) == 5.0
    assert one.expected_seconds({"loads": 2.0, "saves": 3.0}) == 8.0
    assert one.expected_seconds({}) == 1.5


def test_a_cells_key_is_that_of_its_cases() -> None:
    a, b = CaseRef(case="a", key="1"), CaseRef(case="b", key="2")
    assert len({cell_key((a, b)), cell_key((b, a)), cell_key((a,)), cell_key(())}) == 4
    assert cell_key((a,)) == cell_key((CaseRef(case="renamed", key="1"),))


def test_companions_are_those_of_cases_that_are_left_to_run(make: Any, plan: Plan) -> None:
    asking = make.case("asks", companions=frozenset({Companion.TRANSFORMERS}))
    cases = [make.case("other"), asking]
    first, _ = group(plan, cases, make.limits(), {"bert-en/3": "m"}, different(make), History())
    assert first.companions == {Companion.TRANSFORMERS}
    ended = {task.key: CellEnd(status=Status.CRASHED) for job in first.jobs for task in job.tasks}
    assert replace(first, ends=ended).companions == set()
    without = group(plan, cases[:1], make.limits(), {"bert-en/3": "m"}, different(make), History())[0]
    assert without.companions == set()
