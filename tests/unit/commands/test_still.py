"""A run that found nothing to do is recorded again without looking, and only while nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.base.workspace import Workspace
from harness.commands import still
from harness.commands.plan import build_selection, make_run_plan
from harness.commands.report import summary
from harness.commands.site import NAMES, STAMP
from harness.domain import Status, Trouble
from harness.environments import accelerators, lock
from harness.results.run import Run
from harness.results.store import load_run, open_store
from harness.run.prepare import recipe_of

COMMAND = still.Command(
    tier="full", options=(), interpreters=(), accelerators=accelerators.MachineFacts(system="Linux"), fence="landlock-7"
)


def remembered(project: Workspace, make: Any, *facts: Any, **header: Any) -> Run:
    """A run of these facts, kept in the store, after which the command stands still if they say that it did nothing."""
    for name in (*NAMES, STAMP):
        project.site.mkdir(parents=True, exist_ok=True)
        (project.site / name).write_text(name)
    run: Run = make.run(*facts, **header)
    make.keep(project, run)
    plan = make_run_plan(project, build_selection("full")).plan
    still.remember(project, COMMAND, plan, run, still.state_of(project), summary(project, run, ()), {"3.11": make.interpreter()})
    return run


def known(make: Any) -> tuple[Any, ...]:
    return make.environment_record(reused=True), make.case_record(reused=True), make.cell_record(reused=True)


def test_a_run_that_did_nothing_is_repeated(project: Workspace, make: Any) -> None:
    run = remembered(project, make, *known(make))
    repeated = still.repeat(project, COMMAND)
    assert repeated is not None
    again, lines = repeated
    assert again.run != run.header.run
    assert (dict(again.cells), again.reused) == ({"completed": 1}, 1)
    assert lines[0].endswith("1 known already")
    newest = load_run(project.results)
    assert newest.header.run == again.run
    assert (newest.cells, newest.cases, newest.environments) == (run.cells, run.cases, run.environments)
    assert still.repeat(project, COMMAND), "and again after that"


def more_facts(project: Workspace, make: Any) -> None:
    make.keep(project, make.run(make.case_record(key="f" * 64), run="other"))


def another_lock(project: Workspace, make: Any) -> None:
    request = next(iter(make_run_plan(project, build_selection("full")).plan.environments.values()))
    lock.store_lock(project.locks, recipe_of(request).requirements, make.interpreter(), "numpy==1\n")


CHANGES: dict[str, Callable[[Workspace, Any], object]] = {
    "facts": more_facts,
    "lock": another_lock,
    "case": lambda project, _make: (project.cases / "test_new.py").write_text("def test_x(): ...\n"),
    "matrix": lambda project, _make: project.matrix.write_text(project.matrix.read_text() + "\n# more\n"),
    "page": lambda project, _make: (project.site / NAMES[0]).unlink(),
    "stamp": lambda project, _make: (project.site / STAMP).write_text("rendered by another run"),
    "memo": lambda project, _make: (project.memo.folder / COMMAND.memo).unlink(),
    "store": lambda project, _make: project.results.unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_not_repeated_where_anything_changed(change: str, project: Workspace, make: Any) -> None:
    remembered(project, make, *known(make))
    CHANGES[change](project, make)
    assert still.repeat(project, COMMAND) is None


def test_another_command_or_machine_is_not_answered(project: Workspace, make: Any) -> None:
    remembered(project, make, *known(make))
    for other in (replace(COMMAND, options=("format=h5",)), replace(COMMAND, tier=None), replace(COMMAND, fence="off")):
        assert still.repeat(project, other) is None
    assert still.repeat(project, replace(COMMAND, interpreters=(("/usr/bin/python3", 1, 2, 3),))) is None


def test_a_run_that_did_something_is_not_remembered(project: Workspace, make: Any) -> None:
    environment, case, cell = known(make)
    network = {"status": Status.UNAVAILABLE, "trouble": Trouble.NETWORK, "reused": False}
    records: tuple[tuple[Any, ...], ...] = (
        (environment, make.case_record(), cell),
        (environment, case, make.cell_record()),
        (make.environment_record(**network), case, cell),
        (environment, case, make.cell_record(**network)),
    )
    for number, facts in enumerate(records):
        remembered(project, make, *facts, run=f"run-{number}")
        assert still.repeat(project, COMMAND) is None


def test_an_interrupted_run_is_not_remembered(project: Workspace, make: Any) -> None:
    run = make.run(*known(make), finished=False)
    make.keep(project, run)
    plan = make_run_plan(project, build_selection("full")).plan
    still.remember(project, COMMAND, plan, run, still.state_of(project), summary(project, run, ()), {})
    assert still.repeat(project, COMMAND) is None


def test_what_a_store_repeats_has_to_be_there(project: Workspace, make: Any) -> None:
    make.keep(project, make.run(*known(make)))
    with open_store(project.results) as store:
        assert not store.repeat("no-such-run", run="a", started="b", finished="c")
