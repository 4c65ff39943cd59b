"""What deserves a second opinion, and what of it is run."""

from __future__ import annotations

from typing import Any

import pytest

from harness.domain import Outcome, Plan, Status, Trouble
from harness.environments.uv import Failure
from harness.results.format import CaseRef
from harness.results.run import Run
from harness.run.assign import CellJob
from harness.run.groups import EnvironmentGroup
from harness.run.second import SecondOpinions, only, second_opinions
from harness.run.tasks import KeyedCase

NO = Failure(status=Status.UNAVAILABLE, trouble=Trouble.INTERPRETER, message="no", evidence="")
FIRST, SECOND = "tf-2_16_2-as-released", "tf-2_16_2-as-released-py310"
REFS = (CaseRef(case="good", key="k1"), CaseRef(case="bad", key="k2"))


@pytest.fixture
def plan(make: Any) -> Plan:
    cells = tuple(make.cell(f"{FIRST}--m--{name}--cpu") for name in ("h5", "keras"))
    return Plan(cells=cells, environments={FIRST: make.request()}, models={}, left_out=())


@pytest.fixture
def ask(make: Any, plan: Plan) -> Any:
    """`ask(outcome of the bad case, of the environment)`: one run; the h5 cell has both cases, the other the good one."""

    def second(outcome: Outcome = Outcome.FAILED, status: Status = Status.COMPLETED, **options: Any) -> SecondOpinions:
        records = [make.case_record(key="k1", case="good"), make.case_record(key="k2", case="bad", outcome=outcome)]
        cells = [make.cell_record(id=cell.id, cases=refs) for cell, refs in zip(plan.cells, (REFS, REFS[:1]), strict=True)]
        run = Run(
            header=make.header(),
            environments=(make.environment_record(status=status),),
            cases=tuple(records) if status is Status.COMPLETED else (),
            cells=tuple(cells),
            footer=None,
        )
        identities = {FIRST: options.get("identity", make.identity())}
        return second_opinions(options.get("plan", plan), identities, run, failed)

    return second


def failed(run: Run) -> frozenset[str]:
    return frozenset(record.key for record in run.cases if record.outcome is Outcome.FAILED)


def test_what_failed_is_tried_again_and_nothing_else(ask: Any) -> None:
    second = ask()
    assert list(second.plan.environments) == [SECOND]
    assert [cell.id for cell in second.plan.cells] == [f"{SECOND}--m--h5--cpu"]
    assert second.cases == {f"{SECOND}--m--h5--cpu": frozenset({"bad"})}


def test_where_nothing_matters_there_is_no_second_opinion(ask: Any) -> None:
    assert not ask(Outcome.SKIPPED).plan.environments


@pytest.mark.parametrize("status", [Status.IMPORT_FAILED, Status.INSTALL_FAILED])
def test_of_an_environment_that_does_not_import_that_alone_is_tried(ask: Any, status: Status) -> None:
    second = ask(status=status)
    assert (list(second.plan.environments), second.plan.cells, second.cases) == ([SECOND], (), {})


@pytest.mark.parametrize("status", [Status.LOCK_FAILED, Status.UNAVAILABLE])
def test_what_this_machine_lacks_needs_no_opinion(ask: Any, status: Status) -> None:
    """And a lock was tried with every interpreter already."""
    assert not ask(status=status, identity=NO).plan.environments


def test_a_python_that_is_planned_anyway_is_not_planned_twice(ask: Any, plan: Plan, make: Any) -> None:
    both = Plan(
        cells=plan.cells, environments={**plan.environments, SECOND: make.request(SECOND, python="3.10")}, models={}, left_out=()
    )
    assert not ask(plan=both).plan.environments


def test_only_the_cases_of_a_cell(make: Any) -> None:
    """The first cell would have run both for all; it is left with the good one, so the second runs the bad one itself."""
    cases = tuple(KeyedCase(case=make.case(ref.case), key=ref.key, uses={}) for ref in REFS if ref.key)
    jobs = (
        CellJob(cell=make.cell("a"), model=make.model(), refs=REFS, cases=cases),
        CellJob(cell=make.cell("b"), model=make.model(), refs=REFS, cases=()),
    )
    group = EnvironmentGroup(identity=make.identity(), requests=(make.request(),), jobs=jobs, ends={})
    (kept,) = only((group,), {"a": frozenset({"good"}), "b": frozenset({"bad"})})
    assert [[ref.case for ref in job.refs] for job in kept.jobs] == [["good"], ["bad"]]
    assert [[keyed.case.id for keyed in job.cases] for job in kept.jobs] == [["good"], ["bad"]]
