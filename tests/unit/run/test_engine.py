"""The frame around an execution: what holds while it runs, and what is left after it."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from harness.base.errors import Interrupted
from harness.base.workspace import Workspace
from harness.cli.progress import PlainLines, RunProgress
from harness.domain import Accelerator, Device, Plan
from harness.environments.accelerators import MachineFacts
from harness.environments.disk import busy
from harness.judge.attribution import machine_trouble
from harness.results.run import Run
from harness.results.store import open_store
from harness.run import engine
from harness.run.engine import RunOptions, RunQuestion, perform
from harness.run.settings import RunSettings

PLAN = Plan(cells=(), environments={}, models={}, left_out=())


def run(project: Workspace, monkeypatch: pytest.MonkeyPatch, make: Any, *, finished: bool) -> tuple[Run, list[bool]]:
    seen: list[bool] = []

    async def steps(_inputs: Any, settings: RunSettings, *_: Any) -> None:
        seen.append(busy(settings.machine.workspace.venvs))
        if not finished:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)

    monkeypatch.setattr(engine, "_measure", steps)
    watcher = RunProgress(PlainLines())
    question, options = RunQuestion(plan=PLAN, cases=()), RunOptions(tier="quick", selection="")
    return perform(question, make.machine(project.root), options, watcher, machine_trouble), seen


def test_a_run_is_seen_to_be_at_work_before_it_has_any_environment(
    project: Workspace, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    recorded, seen = run(project, monkeypatch, make, finished=True)
    assert seen == [True]
    assert not busy(project.venvs)
    assert recorded.footer is not None
    assert not recorded.footer.interrupted


def test_an_interrupted_run_says_so_and_keeps_its_facts(project: Workspace, monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    with pytest.raises(Interrupted):
        run(project, monkeypatch, make, finished=False)
    with open_store(project.results) as store:
        (kept,) = store.runs()
    assert kept.interrupted
    assert not busy(project.venvs)


def test_cells_without_their_hardware_are_recorded_and_not_run(
    project: Workspace, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    """With a TPU that is pretended, the same cell is left to run."""
    cell, request = make.cell("c", environment="e", device=Device.TPU), make.request("e", accelerator=Accelerator.TPU)
    plan = Plan(cells=(cell,), environments={"e": request}, models={"bert-en/3": make.model()}, left_out=())
    left: list[tuple[int, list[str]]] = []

    async def steps(inputs: Any, *_: Any) -> None:
        await asyncio.sleep(0)
        left.append((len(inputs.plan.cells), [record.message for record in inputs.aside]))

    monkeypatch.setattr(engine, "_measure", steps)
    for facts in (MachineFacts(system="Linux"), MachineFacts(system="Linux", nodes=("accel0",))):
        machine = make.machine(project.root, accelerators=facts)
        question, options = RunQuestion(plan=plan, cases=()), RunOptions(tier="", selection="")
        perform(question, machine, options, RunProgress(PlainLines()), machine_trouble)
    why = "no TPU on this Linux machine: no /dev/accel0, no TPU on the PCI bus, TPU_NAME is not set"
    assert left == [(0, [why, why]), (1, [])]
