"""A case that fails for want of disk or compiler is no failure of the software under test."""

from __future__ import annotations

from typing import Any

import pytest

from harness.domain import Outcome, Status, Trouble
from harness.environments import companions
from harness.environments.uv import Failure
from harness.run.assign import Task
from harness.run.attempts import Finished
from harness.run.blame import machine_trouble

GONE = "RuntimeError: tpu compiler unavailable: the compiler was killed from outside (SIGKILL)"


def finished(make: Any, outcome: Outcome, message: str = "", evidence: str = "") -> Finished:
    task = Task(case=make.case(), key="k", uses={})
    return Finished(task=task, variant="", outcome=outcome, seconds=0.1, message=message, evidence=evidence)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR, Outcome.XFAILED])
def test_a_compiler_that_is_gone(make: Any, outcome: Outcome) -> None:
    end = machine_trouble(finished(make, outcome, GONE))
    assert end is not None
    assert (end.status, end.trouble) == (Status.UNAVAILABLE, Trouble.DEVICE)
    assert end.message == "the TPU compiler is not there: the compiler was killed from outside (SIGKILL)"


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR, Outcome.XFAILED])
@pytest.mark.parametrize(
    ("failure", "trouble", "why"),
    [
        (
            Failure(status=Status.UNAVAILABLE, trouble=Trouble.NETWORK, message="Connection refused", evidence=""),
            Trouble.NETWORK,
            "Connection refused",
        ),
        (Failure(status=Status.INSTALL_FAILED, trouble=None, message="no (wheel): x", evidence=""), None, "no (wheel): x"),
    ],
    ids=["network", "unknown"],
)
def test_a_companion_that_could_not_be_installed(
    make: Any, outcome: Outcome, failure: Failure, trouble: Trouble | None, why: str
) -> None:
    """In the words that the fixtures in cases/ are given."""
    end = machine_trouble(finished(make, outcome, f"RuntimeError: transformers {companions.told(failure)}"))
    assert end is not None
    assert (end.status, end.trouble) == (Status.UNAVAILABLE, trouble)
    assert end.message == f"transformers can't be installed beside the environment: {why}"


@pytest.mark.parametrize(
    ("outcome", "message", "evidence"),
    [
        pytest.param(Outcome.PASSED, GONE, "", id="passed"),
        pytest.param(Outcome.FAILED, "AssertionError: refused: custom emitter not found", "", id="the compiler's verdict"),
        pytest.param(Outcome.FAILED, "AssertionError: 1 != 2", f"    raise {GONE}", id="source text in a traceback"),
        pytest.param(Outcome.FAILED, "AssertionError: tpu compiler unavailable", "", id="no reason given"),
        pytest.param(Outcome.ERROR, "ImportError: transformers 4.2 wants numpy", "", id="a companion's import"),
        pytest.param(Outcome.SKIPPED, "Skipped: unsatisfiable: Because x, no.", "", id="the resolver's proof"),
        pytest.param(Outcome.XFAILED, "OSError: x", "No space left on device", id="a declared failure"),
    ],
)
def test_anything_else_is_the_softwares(make: Any, outcome: Outcome, message: str, evidence: str) -> None:
    assert machine_trouble(finished(make, outcome, message, evidence)) is None


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR])
def test_a_full_disk(make: Any, outcome: Outcome) -> None:
    end = machine_trouble(finished(make, outcome, evidence="OSError: [Errno 28] No space left on device: 'x'"))
    assert end is not None
    assert (end.status, end.trouble, end.message) == (
        Status.UNAVAILABLE,
        Trouble.DISK,
        "no space left on device while the cell ran",
    )
