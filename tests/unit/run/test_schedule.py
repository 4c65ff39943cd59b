"""Which cells run at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from harness.domain import Device
from harness.results.history import History
from harness.run.assign import CellJob, assign
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
