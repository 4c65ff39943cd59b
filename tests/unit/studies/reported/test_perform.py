"""A reproduction as tasks of the engine: what changes their keys, and what the end of a script is called."""

from __future__ import annotations

import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.domain import Trouble
from harness.incell.hubmatrix_messages import EndReason, ProcessEnd
from harness.run.scripts import RaisedException, ScriptEnd
from harness.studies.reported import perform
from harness.studies.reported.model import End, Expectation, Reproduction, Versions
from tests.unit.studies.reported.test_verdict import STEP

RAISED = RaisedException(kinds=("KeyError", "LookupError"), message="KeyError: 'x'", evidence="Traceback at /cell/step-0")
EXPECTED = Expectation(end=End.RAISED, says=re.compile("x"))


@pytest.fixture
def machine(make: Any, tmp_path: Path) -> Any:
    """One whose project has the scripts of two steps."""
    machine = make.machine(tmp_path)
    machine.workspace.reported.mkdir(parents=True)
    for name in ("writes.py", "loads.py"):
        (machine.workspace.reported / name).write_text(f"# {name}\n")
    return machine


def reproduction() -> Reproduction:
    steps = tuple(replace(STEP, script=name, models=()) for name in ("writes.py", "loads.py"))
    return Reproduction(name="a-1", versions=Versions.REPORTED, steps=steps, expectation=EXPECTED)


def key(make: Any, machine: Any, *locks: str) -> str:
    identities = tuple(replace(make.identity(), lock=make.lock(sha256=sha256)) for sha256 in locks)
    return perform.reproduction_key(machine, perform.tasks_of(machine, reproduction(), identities))


def test_a_step_is_a_task_that_leaves_its_folder_to_the_next(make: Any, machine: Any) -> None:
    first, last = perform.tasks_of(machine, reproduction(), (make.identity(), make.identity()))
    assert (first.task.inputs, first.task.outputs) == ((), (".",))
    assert (len(last.task.inputs), last.task.outputs) == (1, ())
    assert (last.task.payload.path.name, last.task.payload.seconds) == ("loads.py", STEP.seconds)  # type: ignore[union-attr]


def test_the_key_of_a_reproduction_holds_every_step(make: Any, machine: Any) -> None:
    known = key(make, machine, "aa", "bb")
    assert key(make, machine, "aa", "bb") == known
    assert len({known, key(make, machine, "cc", "bb"), key(make, machine, "aa", "cc")}) == 3
    for name in ("writes.py", "loads.py"):
        (machine.workspace.reported / name).write_text("print()\n")
        assert key(make, machine, "aa", "bb") != known


def test_the_definition_needs_no_lock_and_changes_with_a_script(machine: Any) -> None:
    known = perform.definition(machine, reproduction())
    assert perform.definition(machine, reproduction()) == known
    (machine.workspace.reported / "loads.py").write_text("print()\n")
    assert perform.definition(machine, reproduction()) != known


@pytest.mark.parametrize(
    ("process", "raised", "end", "message"),
    [
        (ProcessEnd(reason=EndReason.EXITED, code=0), None, End.FINISHED, ""),
        (ProcessEnd(reason=EndReason.EXITED, code=1), RAISED, End.RAISED, "KeyError: 'x'"),
        (ProcessEnd(reason=EndReason.EXITED, code=3), None, End.CRASHED, "the interpreter exited with code 3"),
        (ProcessEnd(reason=EndReason.EXITED, signal=signal.SIGABRT), None, End.CRASHED, "the interpreter was ended by SIGABRT"),
        (ProcessEnd(reason=EndReason.TIMED_OUT), None, End.HUNG, "still running after 180 s"),
        (
            ProcessEnd(reason=EndReason.MEMORY, peak_bytes=2**32),
            None,
            End.OUT_OF_MEMORY,
            "used 4.0 GiB of memory, the limit is 2.0 GiB",
        ),
    ],
)
def test_the_end_of_a_script(process: ProcessEnd, raised: RaisedException | None, end: End, message: str) -> None:
    script = ScriptEnd(process=process, exception=raised, output="printed in /cell")
    observed = perform._observed(script, 1, 180.0, 2**31, {"/cell": "$WORK"})
    assert (observed.end, observed.step, observed.message, observed.output) == (end, 1, message, "printed in $WORK")
    assert (observed.kinds, observed.evidence) == ((RAISED.kinds, "Traceback at $WORK/step-0") if raised else ((), ""))


@pytest.mark.parametrize("process", [ProcessEnd(reason=EndReason.LOST), ProcessEnd(reason=EndReason.EXITED, signal=signal.SIGKILL)])
def test_a_script_that_was_killed_from_outside_says_nothing_of_the_software(process: ProcessEnd) -> None:
    observed = perform._observed(ScriptEnd(process=process, exception=None, output=""), 0, 180.0, 2**31, {})
    assert (observed.end, observed.trouble) == (End.UNAVAILABLE, Trouble.KILLED)
