"""Run groups of cells and record them: several environments at once, as many cells as cores and memory allow.

Groups open longest expected first. At most one group more than there are slots is open, so that the next import overlaps
the last cells of the group before it; imports go before cells. Every record is handed to `Sink` as soon as it is a fact.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from filelock import AsyncFileLock

from harness.domain import Accelerator
from harness.environments.shortage import failure_of_machine
from harness.environments.uv import Failure
from harness.incell.hubmatrix_messages import UNCOMPILED, Fence, Setup
from harness.results.history import History
from harness.run.assign import CellEnd, CellJob
from harness.run.attempts import CellFrame, run_cases
from harness.run.bytecode import compile_imported
from harness.run.confirm import confirmed_zygote
from harness.run.fence import fence_of
from harness.run.groups import EnvironmentGroup, expected_seconds
from harness.run.installed import Installed, beside, installed_for_cases
from harness.run.ledger import Ledger
from harness.run.machine import make_room, run_together
from harness.run.settings import RunSettings
from harness.run.sink import Sink
from harness.run.slots import Slots
from harness.run.tasks import CaseSet, Task
from harness.run.watcher import Stage
from harness.run.zygote import Zygote, running_zygote

MODULES = ("tensorflow", "tensorflow_hub")
OPENING, CELL = 0.0, 1.0
XDIST_START_SECONDS = 8.0
"""Each pytest-xdist worker imports TensorFlow for itself, which takes up to 8 s (2.18)."""


Prepare = Callable[[CellJob, Path], None]
"""Fills the Hub cache below a cell's work folder."""
Environ = Callable[[CellJob], Mapping[str, str]]
"""The variables that tell the cases their axis values."""


@dataclass(slots=True)
class Runner:
    """One run. Holds the shared slots, nothing of what was measured. `digests` are those of the models, by id."""

    settings: RunSettings
    history: History
    digests: Mapping[str, str]
    prepare: Prepare
    environ: Environ
    sink: Sink
    slots: Slots = field(init=False)
    open: asyncio.Semaphore = field(init=False)
    busy_groups: int = 1

    def __post_init__(self) -> None:
        self.slots = Slots(self.settings.machine.slots)
        self.open = asyncio.Semaphore(self.settings.machine.slots + 1)

    async def run(self, groups: Sequence[EnvironmentGroup]) -> None:
        """Run every group to its end; when one raises (or on Ctrl-C) the others are ended too."""
        ordered = sorted(groups, key=lambda group: -group.expected_seconds(self.history.seconds))
        self.busy_groups = max(1, len(ordered))
        await run_together(self._group(group) for group in ordered)

    async def _group(self, group: EnvironmentGroup) -> None:
        ledger = Ledger(group=group, settings=self.settings, sink=self.sink)
        async with self.open:
            started = time.monotonic()
            try:
                await self._opened(group, ledger)
            except OSError as error:
                # A full disk, say: other environments go on, and meet it themselves if it lasts.
                if ledger.opened:
                    raise
                ledger.refuse(failure_of_machine(error), time.monotonic() - started)
        # Not earlier: the group's own environment is idle only now.
        await make_room(self.settings.machine)

    async def _opened(self, group: EnvironmentGroup, ledger: Ledger) -> None:
        started = time.monotonic()
        self._stage(group, Stage.INSTALLING)
        async with AsyncExitStack() as stack:
            installed = await stack.enter_async_context(installed_for_cases(self.settings.machine, group.identity))
            if isinstance(installed, Failure):
                ledger.refuse(installed, time.monotonic() - started)
                return
            ledger.know(installed)  # before the import, whose messages have these paths; again once there are companions
            # Entered before the zygote, and so left after it: companions are in use for as long as a cell may run.
            in_use = stack.enter_context(ExitStack())
            async with self.slots.hold(OPENING):
                self._stage(group, Stage.IMPORTING)
                opening = partial(self._zygote, group, installed)
                zygote = await confirmed_zygote(stack, opening, installed.environment, self.settings.machine, group.identity)
                if self.settings.machine.fence and not isinstance(zygote, Failure):
                    # A new package version is compiled twice, in the zygote's memory and for the next one: 5 s for TensorFlow.
                    await compile_imported(self._home(group) / UNCOMPILED, installed, self.settings.machine.workspace)
            if isinstance(zygote, Failure):
                ledger.refuse(zygote, time.monotonic() - started)
                return
            ledger.ready(time.monotonic() - started)
            installed = replace(installed, beside=await beside(self.settings.machine, group, in_use))
            ledger.know(installed)
            self._stage(group, Stage.RUNNING)
            await self._cells(group, zygote, installed, ledger)
        self._stage(group, Stage.CLOSED)

    def _zygote(self, group: EnvironmentGroup, installed: Installed) -> AbstractAsyncContextManager[Zygote | Failure]:
        home = self._home(group)
        home.mkdir(parents=True, exist_ok=True)
        # Companions come after the import, but a fence opens only what is there when it is put up, and it is around cells too.
        self.settings.machine.workspace.companions.mkdir(parents=True, exist_ok=True)
        return running_zygote(
            installed.environment.python,
            Setup(
                modules=MODULES,
                toolchain=str(installed.tools),
                preload=self.settings.preload,
                work=str(self.settings.folder),
                fence=self._fence(group.jobs),
            ),
            dict(group.identity.settings),
            home / "import.txt",
            timeout=self.settings.machine.limits.import_seconds,
        )

    def _home(self, group: EnvironmentGroup) -> Path:
        return self.settings.folder / f"zygote-{group.identity.key[:12]}"

    async def _cells(self, group: EnvironmentGroup, zygote: Zygote, installed: Installed, ledger: Ledger) -> None:
        ledger.settle_idle()
        # Longest first within a group. Across all open groups it was slower (234 s for 227 s, four TensorFlows of the tier `tpu`):
        # the last environment then opens late.
        todo = sorted(
            (job for job in group.jobs if not job.idle(group.ends)), key=lambda job: -expected_seconds(job, self.history.seconds)
        )
        await run_together(self._cell(job, group, zygote, installed, ledger) for job in todo)

    async def _cell(self, job: CellJob, group: EnvironmentGroup, zygote: Zygote, installed: Installed, ledger: Ledger) -> None:
        inputs = (self.digests[job.model.id],) if job.model else ()
        task = Task(environment=group.identity, payload=CaseSet(cases=job.cases), inputs=inputs)
        # The order matters: a cell that waits for the hardware with a slot in hand would keep others from running.
        async with self._alone(job), self.slots.hold(CELL):
            limits = self.settings.machine.limits
            frame = CellFrame(
                name=job.cell.id,
                workdir=self.settings.folder,
                rootdir=self.settings.machine.workspace.root,
                toolchain=installed.tools,
                modules=MODULES,
                environ={**self.environ(job), **installed.environ},
                case_seconds=limits.case_seconds,
                memory_bytes=limits.memory_bytes,
                workers=self._workers(job),
                fence=self._fence((job,)),
            )
            try:
                end = await run_cases(
                    zygote,
                    task,
                    frame,
                    lambda work: self.prepare(job, work),
                    lambda finished: ledger.case(job, finished),
                    lambda listed: compile_imported(listed, installed, self.settings.machine.workspace),
                )
            except OSError as error:
                failure = failure_of_machine(error)
                end = CellEnd(status=failure.status, trouble=failure.trouble, message=failure.message)
            ledger.end(job, end)

    def _fence(self, jobs: Iterable[CellJob]) -> Fence | None:
        """Return what the cells of these jobs may use: a zygote's fence is around its cells too, so it opens for all."""
        machine = self.settings.machine
        return fence_of(machine.fence, machine.workspace, [self.environ(job) for job in jobs])

    def _alone(self, job: CellJob) -> AbstractAsyncContextManager[object]:
        """Return the lock for cells on hardware: a TPU serves one process at a time, and a GPU is short of memory.

        The lock is a file, so it holds for all runs in this workspace.
        """
        accelerator = job.cell.axes.device.accelerator
        if accelerator is Accelerator.NONE:
            return nullcontext()
        return AsyncFileLock(self.settings.machine.workspace.state / f"{accelerator.value}.lock")

    def _workers(self, job: CellJob) -> int:
        """Return how many pytest-xdist workers to use: 0 unless cores would be idle and they save more than their imports cost."""
        if job.cell.axes.device.accelerator is not Accelerator.NONE:
            return 0
        spare = self.settings.machine.slots // self.busy_groups
        workers = min(spare, len(job.cases))
        saved = expected_seconds(job, self.history.seconds) * (1 - 1 / workers) if workers > 1 else 0.0
        return workers if saved > XDIST_START_SECONDS else 0

    def _stage(self, group: EnvironmentGroup, stage: Stage) -> None:
        for request in group.requests:
            self.sink.watcher.stage(request.id, stage)
