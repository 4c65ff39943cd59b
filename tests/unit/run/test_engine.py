"""The frame around an execution: what holds while it runs, and what is left after it."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from harness.domain import Limits, Plan
from harness.environments.disk import busy
from harness.errors import Interrupted
from harness.results import store
from harness.run.engine import Execution, Options, perform
from harness.run.progress import Lines
from harness.workspace import Workspace

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
    return perform(PLAN, (), LIMITS, project, Options(tier="quick", selection=""), Lines()), seen


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
