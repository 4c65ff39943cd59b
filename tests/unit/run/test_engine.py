"""The frame around an execution: what holds while it runs, and what is left after it."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from harness.base.errors import Interrupted
from harness.base.workspace import Workspace
from harness.domain import Accelerator, Device, Limits, Plan
from harness.environments.accelerators import Facts
from harness.environments.disk import busy
from harness.judge.attribution import machine_trouble
from harness.results import store
from harness.run.engine import Execution, Options, perform
from harness.run.progress import Lines

PLAN = Plan(cells=(), environments={}, models={}, left_out=())
LIMITS = Limits(case_seconds=1, import_seconds=1, install_seconds=1, memory_bytes=1, free_disk_bytes=1)


def run(project: Workspace, monkeypatch: pytest.MonkeyPatch, *, finished: bool) -> tuple[Path, list[bool]]:
    seen: list[bool] = []

    async def steps(execution: Execution) -> None:
        seen.append(busy(execution.workspace.venvs))
        if not finished:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)

    monkeypatch.setattr(Execution, "run", steps)
    return perform(PLAN, (), LIMITS, project, Options(tier="quick", selection=""), Lines(), machine_trouble), seen


def test_a_run_is_seen_to_be_at_work_before_it_has_any_environment(project: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    path, seen = run(project, monkeypatch, finished=True)
    assert seen == [True]
    assert not busy(project.venvs)
    assert path.name == store.FILE


def test_an_interrupted_run_says_so_and_keeps_its_file(project: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Interrupted):
        run(project, monkeypatch, finished=False)
    (kept,) = project.runs.glob(f"*/{store.FILE}")
    assert b'"interrupted":true' in kept.read_bytes().replace(b" ", b"")
    assert not busy(project.venvs)


def test_cells_without_their_hardware_are_recorded_and_not_run(
    project: Workspace, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    """With a TPU that is pretended, the same cell is left to run."""
    cell, request = make.cell("c", environment="e", device=Device.TPU), make.request("e", accelerator=Accelerator.TPU)
    plan = Plan(cells=(cell,), environments={"e": request}, models={"bert-en/3": make.model()}, left_out=())
    left: list[tuple[int, list[str]]] = []

    async def steps(execution: Execution) -> None:
        await asyncio.sleep(0)
        left.append((len(execution.plan.cells), [record.message for record in execution.aside]))

    monkeypatch.setattr(Execution, "run", steps)
    for machine in (Facts(system="Linux"), Facts(system="Linux", nodes=("accel0",))):
        perform(plan, (), LIMITS, project, Options(tier="", selection=""), Lines(), machine_trouble, machine=machine)
    why = "no TPU on this Linux machine: no /dev/accel0, no TPU on the PCI bus, TPU_NAME is not set"
    assert left == [(0, [why, why]), (1, [])]
