"""The run: from a plan to records, several environments at once, as many cells as cores and memory allow.

Groups open longest expected first. At most one group more than there are slots is open, so that the next import overlaps
the last cells of the group before it; opening goes before cells. Every record is handed to `Sink` as soon as it is a fact.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import AsyncFileLock

from harness.domain import Accelerator
from harness.environments import bytecode, disk
from harness.environments.uv import Failure
from harness.results.history import History
from harness.run.assign import CellJob
from harness.run.attempts import Frame, run_cell
from harness.run.groups import Group, expected_seconds
from harness.run.installed import Installed, beside, install
from harness.run.ledger import Ledger
from harness.run.settings import Settings
from harness.run.sink import Sink
from harness.run.slots import Slots
from harness.run.zygote import Refused, Zygote, open_zygote

MODULES = ("tensorflow", "tensorflow_hub")
OPENING, CELL = 0.0, 1.0
XDIST_START_SECONDS = 8.0


Prepare = Callable[[CellJob, Path], None]
"""Fills the Hub cache below a cell's work folder."""
Environ = Callable[[CellJob], Mapping[str, str]]
"""The variables that tell the cases their axis values."""


@dataclass(slots=True)
class Runner:
    """One run. Holds the shared slots, nothing of what was measured."""

    settings: Settings
    history: History
    prepare: Prepare
    environ: Environ
    sink: Sink
    slots: Slots = field(init=False)
    open: asyncio.Semaphore = field(init=False)
    busy_groups: int = 1

    def __post_init__(self) -> None:
        self.slots = Slots(self.settings.slots)
        self.open = asyncio.Semaphore(self.settings.slots + 1)

    async def run(self, groups: Sequence[Group]) -> None:
        """Run every group to its end; when one raises (or on Ctrl-C) the others are ended too."""
        ordered = sorted(groups, key=lambda one: -one.expected_seconds(self.history.seconds))
        self.busy_groups = max(1, len(ordered))
        tasks = [asyncio.create_task(self._group(one)) for one in ordered]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _group(self, group: Group) -> None:
        ledger = Ledger(group=group, settings=self.settings, sink=self.sink)
        async with self.open:
            started = time.monotonic()
            self._stage(group, "installing")
            with ExitStack() as stack:
                await self._evict()
                installed = await install(self.settings, group.identity, stack)
                if isinstance(installed, Failure):
                    ledger.refuse(installed, time.monotonic() - started)
                    return
                ledger.know(installed)
                async with self.slots.hold(OPENING):
                    self._stage(group, "importing")
                    zygote = await self._zygote(group, installed)
                if isinstance(zygote, Refused):
                    ledger.refuse(zygote, time.monotonic() - started)
                    return
                ledger.ready(time.monotonic() - started)
                try:
                    installed = replace(installed, beside=await beside(self.settings, group, stack))
                    ledger.know(installed)
                    self._stage(group, "running")
                    await self._cells(group, zygote, installed, ledger)
                finally:
                    await zygote.close()
                    self._stage(group, "done")
                identity = group.identity
                kept, packages = self.settings.workspace.bytecode, installed.environment.site_packages
                await asyncio.to_thread(bytecode.keep, kept, packages, identity.lock, identity.interpreter)
        await self._evict()

    async def _evict(self) -> None:
        places, limits = self.settings.workspace, self.settings.limits
        folders = (places.venvs, places.companions)
        await disk.evict(self.settings.uv, folders, places.bytecode, wanted_bytes=limits.free_disk_bytes)

    async def _zygote(self, group: Group, installed: Installed) -> Zygote | Refused:
        home = self.settings.workspace.work / self.settings.run / f"zygote-{group.identity.key[:12]}"
        home.mkdir(parents=True, exist_ok=True)
        return await open_zygote(
            installed.environment.python,
            MODULES,
            installed.tools,
            dict(group.identity.settings),
            home / "import.txt",
            preload=self.settings.preload,
            timeout=self.settings.limits.import_seconds,
        )

    async def _cells(self, group: Group, zygote: Zygote, installed: Installed, ledger: Ledger) -> None:
        ledger.settle_idle()
        todo = sorted(
            (job for job in group.jobs if not job.idle(group.ends)), key=lambda job: -expected_seconds(job, self.history.seconds)
        )
        tasks = [asyncio.create_task(self._cell(job, zygote, installed, ledger)) for job in todo]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _cell(self, job: CellJob, zygote: Zygote, installed: Installed, ledger: Ledger) -> None:
        async with self._alone(job), self.slots.hold(CELL):
            frame = Frame(
                workdir=self.settings.workspace.work / self.settings.run,
                rootdir=self.settings.workspace.root,
                toolchain=installed.tools,
                modules=MODULES,
                environ={**self.environ(job), **installed.environ},
                case_seconds=self.settings.limits.case_seconds,
                memory_bytes=self.settings.limits.memory_bytes,
                workers=self._workers(job),
            )
            end = await run_cell(zygote, job, frame, lambda work: self.prepare(job, work), lambda done: ledger.case(job, done))
            ledger.end(job, end)

    def _alone(self, job: CellJob) -> AbstractAsyncContextManager[object]:
        """A TPU serves one process at a time, and a GPU is short of memory: no two such cells at once, of any run here."""
        accelerator = job.cell.axes.device.accelerator
        if accelerator is Accelerator.NONE:
            return nullcontext()
        return AsyncFileLock(self.settings.workspace.state / f"{accelerator.value}.lock")

    def _workers(self, job: CellJob) -> int:
        """pytest-xdist workers: only where cores would be idle, and only where they save more than their own imports cost."""
        if job.cell.axes.device.accelerator is not Accelerator.NONE:
            return 0
        spare = self.settings.slots // self.busy_groups
        workers = min(spare, len(job.tasks))
        saved = expected_seconds(job, self.history.seconds) * (1 - 1 / workers) if workers > 1 else 0.0
        return workers if saved > XDIST_START_SECONDS else 0

    def _stage(self, group: Group, what: str) -> None:
        for request in group.requests:
            self.sink.watcher.stage(request.id, what)
