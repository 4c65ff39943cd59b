"""Cells grouped by what is installed, less what is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.domain import Axis, Companion, KerasChoice, Plan, SaveFormat, Status
from harness.environments.uv import Failure
from harness.results.format import CaseRef
from harness.results.history import History
from harness.run import groups as groups_module
from harness.run.assign import CellEnd
from harness.run.groups import EnvironmentGroup, cell_key, expected_seconds, group_cells, keys_of, remaining, set_cells_aside


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

    def one(identities: Any, known: History | None = None) -> tuple[EnvironmentGroup, ...]:
        groups = group_cells(plan, cases, make.limits(), {"bert-en/3": "m"}, identities)
        return remaining(groups, known) if known else groups

    return one


def different(make: Any) -> dict[str, Any]:
    return {"one": make.identity(), "two": replace(make.identity(), lock=make.lock(sha256="f" * 64))}


def shown(groups: tuple[EnvironmentGroup, ...]) -> list[tuple[list[str], dict[str, list[str]]]]:
    return [
        ([request.id for request in one.requests], {job.cell.id: [keyed.case.id for keyed in job.cases] for job in one.jobs})
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


def test_a_case_of_a_cell_that_is_set_aside_goes_to_the_next_that_needs_it(make: Any, grouped: Any) -> None:
    """What grouping the rest anew would give."""
    left = set_cells_aside(grouped(different(make)), {"one-h5", "two-h5", "two-keras"})
    assert shown(left) == [(["one"], {"one-keras": ["loads", "saves"]})]


def test_the_key_of_a_case_is_made_once_for_all_cells_that_share_it(
    make: Any, grouped: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashing each (cell, case) took most of the time of a large plan that was known already."""
    hashed: list[tuple[str, ...]] = []
    real = groups_module.case_keys

    def counted(identity: Any, limits: Any) -> Any:
        key = real(identity, limits)

        def count(case: Any, uses: Any, model_digest: Any) -> str:
            hashed.append((identity.lock.sha256, case.id, *uses.values()))
            return key(case, uses, model_digest)

        return count

    monkeypatch.setattr(groups_module, "case_keys", counted)
    grouped(different(make))
    assert len(hashed) == len(set(hashed)) == 6


def test_a_process_known_to_die_outside_any_case_is_not_started_again(make: Any, grouped: Any) -> None:
    first = grouped(different(make))[0].jobs[0]
    known = History(cells={cell_key(first.refs): make.cell_record(status=Status.CRASHED, message="SIGSEGV at exit")})
    one, two = grouped(different(make), known)
    assert set(one.ends) == {keyed.key for keyed in first.cases}
    assert {end.status for end in one.ends.values()} == {Status.CRASHED}
    assert one.jobs[0].idle(one.ends)
    assert one.jobs[0].end(one.ends).message == "SIGSEGV at exit"
    assert two.ends == {}


def test_every_key_is_looked_up(make: Any, grouped: Any) -> None:
    groups = grouped(different(make))
    keys = keys_of(groups)
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
    first, _ = group_cells(plan, cases, make.limits(), {"bert-en/3": "m"}, different(make))
    assert first.companions == {Companion.TRANSFORMERS}
    ended = {keyed.key: CellEnd(status=Status.CRASHED) for job in first.jobs for keyed in job.cases}
    assert replace(first, ends=ended).companions == set()
    without = group_cells(plan, cases[:1], make.limits(), {"bert-en/3": "m"}, different(make))[0]
    assert without.companions == set()
