"""Which cells run at once."""

from __future__ import annotations

import asyncio
import errno
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.domain import Device, Status, Trouble
from harness.results.history import History
from harness.run import schedule
from harness.run.assign import CellEnd, CellJob, assign
from harness.run.groups import EnvironmentGroup
from harness.run.ledger import Ledger
from harness.run.schedule import Runner


def test_cells_of_a_tpu_run_one_after_another_and_others_at_once(make: Any, tmp_path: Path) -> None:
    """Also beside another run, whose runner knows nothing of this one's."""
    models = {"bert-en/3": make.model()}
    (on_tpu, on_cpu) = assign([make.cell("tpu", device=Device.TPU), make.cell("cpu")], [], models, lambda *_: "key")
    at_once: dict[str, list[int]] = {}

    async def hold(job: CellJob, running: list[int], most: list[int]) -> None:
        async with runner(make, tmp_path)._alone(job):
            running.append(1)
            most.append(len(running))
            await asyncio.sleep(0.05)
            running.pop()

    async def three(job: CellJob) -> None:
        running: list[int] = []
        await asyncio.gather(*(hold(job, running, at_once.setdefault(job.cell.axes.device.value, [])) for _ in range(3)))

    asyncio.run(three(on_tpu))
    asyncio.run(three(on_cpu))
    assert (max(at_once["tpu"]), max(at_once["cpu"])) == (1, 3)


def runner(make: Any, root: Path) -> Runner:
    (root / ".hubmatrix").mkdir(exist_ok=True)
    nothing: Any = None
    return Runner(settings=make.settings(root), history=History(), digests={}, prepare=nothing, environ=nothing, sink=nothing)


class Records:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.written: list[Any] = []

    def write(self, record: Any) -> None:
        self.written.append(record)


def test_a_full_disk_makes_one_environment_unavailable_and_the_others_go_on(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,) = assign([make.cell("first")], [], {"bert-en/3": make.model()}, lambda *_: "key")
    groups = [EnvironmentGroup(identity=make.identity(), requests=(make.request(),), jobs=jobs, ends={}) for jobs in ((job,), ())]
    ran: list[EnvironmentGroup] = []

    async def opened(_: Runner, group: EnvironmentGroup, __: Ledger) -> None:
        if group is groups[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / ".hubmatrix" / "venvs"))
        ran.append(group)

    async def nothing(_: object) -> None: ...

    monkeypatch.setattr(Runner, "_opened", opened)
    monkeypatch.setattr(schedule, "make_room", nothing)
    asyncio.run(replace(runner(make, tmp_path), sink=(records := Records())).run(groups))  # type: ignore[arg-type]
    environment, cell = records.written
    assert [(record.status, record.trouble) for record in (environment, cell)] == [(Status.UNAVAILABLE, Trouble.DISK)] * 2
    assert cell.message == "./.hubmatrix/venvs: No space left on device"
    assert ran == [groups[1]]


def test_a_full_disk_makes_one_cell_unavailable(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (job,) = assign([make.cell("first")], [], {"bert-en/3": make.model()}, lambda *_: "key")

    async def full(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    ends: list[CellEnd] = []
    ledger: Any = SimpleNamespace(end=lambda _, end: ends.append(end))
    installed: Any = SimpleNamespace(tools=tmp_path, environ={})
    one = replace(runner(make, tmp_path), environ=lambda _: {})
    monkeypatch.setattr(schedule, "run_cases", full)
    group = EnvironmentGroup(identity=make.identity(), requests=(make.request(),), jobs=(job,), ends={})
    asyncio.run(replace(one, digests={"bert-en/3": ""})._cell(job, group, ledger, installed, ledger))
    assert ends == [CellEnd(status=Status.UNAVAILABLE, trouble=Trouble.LIMITS, message="Too many open files")]
