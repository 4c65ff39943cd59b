"""From what a user asked for to a plan, and the plan as it is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.base.errors import SelectionError, SpecError
from harness.base.workspace import Workspace
from harness.commands import plan
from harness.commands.plan import build_selection, make_run_plan, planned_actions, preview_json, preview_run, preview_text
from harness.domain import Status, Trouble
from harness.environments import accelerators
from harness.environments.accelerators import MachineFacts
from harness.environments.uv import Failure
from harness.matrix.selection import Selection


def states(shown: plan.Preview) -> dict[str, str]:
    """What is planned of each cell, in the words of `as_text`."""
    return {cell: str(planned) for cell, planned in planned_actions(shown).items()}


H5, KERAS = (f"tf-2_16_2-as-released--bert-en-3--{name}--cpu" for name in ("h5", "keras"))


@pytest.mark.parametrize(
    ("typed", "tier", "text"),
    [
        ((None, "", (), ()), "quick", ""),
        ((None, "format=h5", (), ()), "quick", "format=h5"),
        (("full", "format=h5", (), ()), "full", "format=h5"),
        ((None, "", ("e",), ()), None, "--environment e"),
        (("quick", "", ("e",), ()), "quick", "--environment e"),
        ((None, "", (), ("a", "b")), None, "--cell a --cell b"),
        ((None, "format=h5 or format=keras", (), ("a",)), None, "format=h5 or format=keras --cell a"),
        ((None, "  ", (), ()), "quick", ""),
    ],
)
def test_the_tier_is_quick_unless_something_is_named(typed: Any, tier: str | None, text: str) -> None:
    selection = build_selection(*typed)
    assert (selection.tier, selection.text) == (tier, text)


def test_make_reads_the_spec_and_the_cases(project: Workspace) -> None:
    made = make_run_plan(project, build_selection("full"))
    assert (len(made.plan.cells), len(made.plan.environments)) == (12, 6)
    assert [case.id for case in made.cases] == ["cases/test_tiny.py::test_load", "cases/test_tiny.py::test_save"]
    assert made.limits.memory_bytes == 4 * 2**30


def test_cells_are_selected_by_id(project: Workspace) -> None:
    made = make_run_plan(project, build_selection(None, "", (), (H5,)))
    assert [cell.id for cell in made.plan.cells] == [H5]


@pytest.mark.parametrize(
    ("choice", "error", "code"),
    [
        (build_selection("slow", "", (), ()), SelectionError, 3),
        (build_selection(None, "format=pickle", (), ()), SelectionError, 3),
        (build_selection(None, "format=", (), ()), SelectionError, 3),
        (build_selection(None, "", ("tf-9",), ()), SelectionError, 3),
        (build_selection(None, "", (), ("no-such-cell",)), SelectionError, 3),
    ],
)
def test_what_is_asked_wrongly(project: Workspace, choice: Selection, error: type[Exception], code: int) -> None:
    with pytest.raises(error) as caught:
        make_run_plan(project, choice)
    assert caught.value.exit_code == code  # type: ignore[attr-defined]


def test_a_project_without_a_matrix(project: Workspace) -> None:
    project.matrix.unlink()
    with pytest.raises(SpecError):
        make_run_plan(project, build_selection(None, "", (), ()))


@pytest.fixture
def identified(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is known of each environment without asking an index; none is locked unless a test says so."""
    known: dict[str, Any] = {}

    async def interpreters() -> dict[str, Any]:
        return {}

    monkeypatch.setattr(plan, "machine_interpreters", interpreters)
    monkeypatch.setattr(plan, "stored_identity", lambda _locks, request, _found: known.get(request.id))
    return known


QUICK = build_selection(None, "", (), ())


def test_a_plan_before_anything_is_locked(project: Workspace, identified: dict[str, Any]) -> None:
    assert preview_text(preview_run(project, QUICK)) == (
        "tf-2_15_1-as-released  2 lock first              tensorflow-cpu==2.15.1 tensorflow-hub (as of 2024-03-29)\n"
        "tf-2_16_2-as-released  2 lock first              tensorflow==2.16.2 tensorflow-hub (as of 2024-07-19)\n"
        "4 cells in 2 environments: 4 lock first"
    )


def test_the_text_says_what_is_left_out_and_why(project: Workspace, identified: dict[str, Any]) -> None:
    lines = preview_text(preview_run(project, build_selection("full"))).splitlines()
    assert lines[5] == "tf-2_16_2-today-legacy        2 lock first              tensorflow==2.16.2 tensorflow-hub tf-keras"
    assert lines[6:] == [
        "left out: 4 cells, keras=legacy and tensorflow<2.16: up to 2.15 tf.keras is Keras 2 already (matrix.yaml:16:5)",
        "12 cells in 6 environments: 12 lock first",
    ]


def test_states_of_what_is_locked_and_of_what_never_will_be(project: Workspace, identified: dict[str, Any], make: Any) -> None:
    identified["tf-2_15_1-as-released"] = Failure(status=Status.LOCK_FAILED, trouble=None, message="no", evidence="")
    identified["tf-2_16_2-as-released"] = make.identity()
    shown = preview_run(project, QUICK)
    assert list(states(shown).values()).count("reuse (lock_failed)") == 2
    assert (states(shown)[H5], states(shown)[KERAS]) == ("run", "run")
    trouble = Failure(status=Status.UNAVAILABLE, trouble=Trouble.INTERPRETER, message="no", evidence="")
    identified["tf-2_15_1-as-released"] = trouble
    assert (
        preview_text(preview_run(project, QUICK)).splitlines()[-2]
        == "4 cells in 2 environments: 2 run, 2 unavailable (interpreter)"
    )


def test_cells_of_hardware_that_is_not_here_are_told_before_anything_is_locked(
    project: Workspace, identified: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = project.matrix.read_text(encoding="utf-8")
    project.matrix.write_text(text.replace("device: [cpu]", "device: [cpu, tpu]"), encoding="utf-8")
    here: list[MachineFacts] = [MachineFacts(system="Linux")]
    monkeypatch.setattr(accelerators, "probe", lambda: here[0])
    only = build_selection(None, "tensorflow=2.16", (), ())
    assert preview_text(preview_run(project, only)) == (
        "tf-2_16_2-as-released      2 lock first              tensorflow==2.16.2 tensorflow-hub (as of 2024-07-19)\n"
        "tf-2_16_2-as-released-tpu  2 unavailable (device)    "
        "tensorflow-tpu==2.16.2 tensorflow-hub tf-keras==2.16.* (as of 2024-07-19)\n"
        "4 cells in 2 environments: 2 lock first, 2 unavailable (device)"
    )
    here[0] = MachineFacts(system="Linux", nodes=("accel0",))
    assert preview_text(preview_run(project, only)).splitlines()[-1] == "4 cells in 2 environments: 4 lock first"


def record(project: Workspace, records: Any, make: Any) -> None:
    make.keep(project, make.run(*records))


def test_what_is_known_is_reused(project: Workspace, identified: dict[str, Any], make: Any) -> None:
    identified["tf-2_16_2-as-released"] = make.identity()
    (one,) = preview_run(project, QUICK).groups
    keys = [ref.key for ref in one.jobs[0].refs]
    environment = make.environment_record(key=one.identity.key)
    record(project, [environment, *(make.case_record(key=key) for key in keys)], make)
    told = states(preview_run(project, QUICK))
    assert (told[H5], told[KERAS]) == ("reuse", "run")


def test_a_cell_is_not_reused_while_another_cell_has_to_measure_its_case(
    project: Workspace, identified: dict[str, Any], make: Any
) -> None:
    """test_load runs once, in the first cell. The second cell's own case is known, so it has nothing to run and still waits."""
    identified["tf-2_16_2-as-released"] = make.identity()
    (one,) = preview_run(project, QUICK).groups
    first, second = one.jobs
    load, save = (ref.key for ref in second.refs)
    environment = make.environment_record(key=one.identity.key)
    record(project, [environment, make.case_record(key=save)], make)
    shown = preview_run(project, QUICK)
    assert [[task.key for task in job.cases] for job in shown.groups[0].jobs] == [[load, first.refs[1].key], []]
    told = states(shown)
    assert (told[H5], told[KERAS]) == ("run", "run")


def test_an_environment_known_not_to_import_is_reused(project: Workspace, identified: dict[str, Any], make: Any) -> None:
    identified["tf-2_16_2-as-released"] = make.identity()
    record(project, [make.environment_record(key=make.identity().key, status=Status.IMPORT_FAILED)], make)
    told = states(preview_run(project, QUICK))
    assert (told[H5], told[KERAS]) == ("reuse (import_failed)", "reuse (import_failed)")


def test_the_plan_as_json(project: Workspace, identified: dict[str, Any], make: Any) -> None:
    identified["tf-2_16_2-as-released"] = make.identity()
    told = json.loads(preview_json(preview_run(project, QUICK)))
    assert (told["format"], len(told["cells"]), told["left_out"]) == (2, 4, [])
    assert (told["cells"][0]["do"], told["cells"][0]["reason"]) == ("lock_first", None)
    assert told["cells"][2] == {"id": H5, "environment": "tf-2_16_2-as-released", "do": "run", "reason": None}
    assert told["environments"] == [
        {
            "id": "tf-2_15_1-as-released",
            "requirements": ["tensorflow-cpu==2.15.1", "tensorflow-hub"],
            "exclude_newer": "2024-03-29",
            "python": None,
            "lock": None,
            "locked_on": None,
        },
        {
            "id": "tf-2_16_2-as-released",
            "requirements": ["tensorflow==2.16.2", "tensorflow-hub"],
            "exclude_newer": "2024-07-19",
            "python": "3.11.7",
            "lock": make.lock().sha256,
            "locked_on": "2026-11-20",
        },
    ]


def test_how_much_a_plan_is_and_what_of_it_is_known(project: Workspace, identified: dict[str, Any], make: Any) -> None:
    identified["tf-2_16_2-as-released"] = make.identity()
    (one,) = preview_run(project, QUICK).groups
    load = one.jobs[0].refs[0].key
    environment = make.environment_record(key=one.identity.key)
    seen = make.case_record(key="other", case="cases/test_tiny.py::test_save", seconds=200.0)
    record(project, [environment, make.case_record(key=load, seconds=90.0, cpu_seconds=60.0), seen], make)
    shown = preview_run(project, QUICK)
    assert plan.extent(shown) == plan.Extent(cases=2, runs=3, known_runs=1, seconds=90.0, cpu_seconds=60.0, expected_seconds=400.0)
    assert preview_text(shown).splitlines()[-1] == (
        "2 cases in 3 runs where there is a lock: 1 known, measured in 90 s (60 s of CPU); 2 to run, about 7 min; "
        "one after another, without installing and importing"
    )
    facts = json.loads(preview_json(shown))["extent"]
    assert (facts["cases"], facts["runs"], facts["known"]) == (2, 3, 1)


def test_what_does_not_import_is_not_counted(project: Workspace, identified: dict[str, Any], make: Any) -> None:
    identified["tf-2_16_2-as-released"] = make.identity()
    record(project, [make.environment_record(key=make.identity().key, status=Status.IMPORT_FAILED)], make)
    assert plan.extent(preview_run(project, QUICK)).runs == 0


def test_excluded_cells_as_json(project: Workspace, identified: dict[str, Any]) -> None:
    told = json.loads(preview_json(preview_run(project, build_selection("full"))))
    (left_out,) = told["left_out"]
    assert left_out == {
        "when": "keras=legacy and tensorflow<2.16",
        "reason": "up to 2.15 tf.keras is Keras 2 already",
        "place": "matrix.yaml:16:5",
        "cells": 4,
    }
