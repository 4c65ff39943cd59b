"""The run: from a plan to records, several environments at once, as many cells as cores and memory allow.

Groups open longest expected first. At most one group more than there are slots is open, so that the next import overlaps
the last cells of the group before it; opening goes before cells. Every record is handed to `Sink` as soon as it is a fact.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from filelock import AsyncFileLock

from harness.domain import Accelerator, Companion, Limits
from harness.environments import bytecode, companions, disk, toolchain, venv
from harness.environments.companions import Folder
from harness.environments.uv import Failure
from harness.results.history import History
from harness.run.assign import CellEnd, CellJob
from harness.run.attempts import Finished, Frame, run_cell
from harness.run.blame import machine_trouble
from harness.run.groups import Group, expected_seconds
from harness.run.keys import INCELL
from harness.run.records import case_record, cell_record, environment_record
from harness.run.sink import Sink
from harness.run.slots import Slots
from harness.run.zygote import Refused, Zygote, open_zygote
from harness.workspace import Workspace

MODULES = ("tensorflow", "tensorflow_hub")
OPENING, CELL = 0.0, 1.0
XDIST_START_SECONDS = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to run: `slots` busy cores, `preload` False for a fresh interpreter a cell, `names` for what records must not hold."""

    uv: Path
    workspace: Workspace
    limits: Limits
    slots: int
    preload: bool
    run: str
    names: Mapping[str, str] = field(default_factory=dict)


Prepare = Callable[[CellJob, Path], None]
"""Fills the Hub cache below a cell's work folder."""
Environ = Callable[[CellJob], Mapping[str, str]]
"""The variables that tell the cases their axis values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What the cells of a group run on: the venv, pytest's folder, and what their cases want beside it, or why it can't be had."""

    environment: venv.Venv
    tools: Path
    beside: Mapping[Companion, Folder | Failure] = field(default_factory=dict)

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables that tell the cases of the companions."""
        return {companions.variable(companion): companions.told(made) for companion, made in self.beside.items()}

    @property
    def versions(self) -> Mapping[Companion, str]:
        """Of the companions that are there."""
        return {companion: made.version for companion, made in self.beside.items() if isinstance(made, Folder)}


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
                installed = await self._install(group, stack)
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
                    installed = replace(installed, beside=await self._beside(group, stack))
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

    async def _install(self, group: Group, stack: ExitStack) -> Installed | Failure:
        uv, places, limits = self.settings.uv, self.settings.workspace, self.settings.limits
        identity = group.identity
        await self._evict()
        stack.enter_context(disk.in_use(venv.place(places.venvs, identity.lock, identity.interpreter)))
        tools = await toolchain.ensure(uv, places.toolchains, identity.interpreter)
        if isinstance(tools, Failure):
            return tools
        made = await venv.ensure(
            uv, places.venvs, places.bytecode, identity.lock, identity.interpreter, timeout=limits.install_seconds
        )
        return made if isinstance(made, Failure) else Installed(environment=made, tools=tools)

    async def _beside(self, group: Group, stack: ExitStack) -> Mapping[Companion, Folder | Failure]:
        """The companions, after the import, for an environment without it needs none.

        One that can't be had is no trouble of the group: the cases that ask for it say so, and others run.
        """
        return {companion: await self._companion(companion, group, stack) for companion in sorted(group.companions)}

    async def _companion(self, companion: Companion, group: Group, stack: ExitStack) -> Folder | Failure:
        uv, places, identity = self.settings.uv, self.settings.workspace, group.identity
        added = await companions.resolve(uv, places.locks, companion, identity.lock, identity.interpreter)
        if isinstance(added, Failure):
            return added
        stack.enter_context(disk.in_use(companions.place(places.companions, added, identity.interpreter)))
        timeout = self.settings.limits.install_seconds
        return await companions.ensure(uv, places.companions, added, identity.interpreter, timeout=timeout)

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


@dataclass(slots=True)
class Ledger:
    """The bookkeeping of one group: which keys are settled, and so which cells are done."""

    group: Group
    settings: Settings
    sink: Sink
    roots: dict[str, str] = field(default_factory=dict)
    beside: Mapping[Companion, str] = field(default_factory=dict)
    ends: dict[str, CellEnd] = field(default_factory=dict)
    waiting: dict[str, set[str]] = field(default_factory=dict)
    troubled: dict[str, CellEnd] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.roots = {str(Path.home()): "~", str(INCELL.parent.parent): "$HUBMATRIX", **self.settings.names}
        self._name(self.settings.workspace.root, ".")
        self._name(self.settings.workspace.state, "./.hubmatrix")  # may be a link to a larger disk
        self._name(self.settings.workspace.work / self.settings.run, "$WORK")
        self._name(self.group.identity.interpreter.path.parent.parent, "$PYTHON")
        self.ends = dict(self.group.ends)
        ours = {task.key for job in self.group.jobs for task in job.tasks} - self.ends.keys()
        self.waiting = {job.cell.id: {ref.key for ref in job.refs if ref.key in ours} for job in self.group.jobs}

    def know(self, installed: Installed) -> None:
        self._name(installed.environment.path, "$VENV")
        self._name(installed.tools, "$PYTEST")
        self.beside = installed.versions
        for companion, made in installed.beside.items():
            if isinstance(made, Folder):
                self._name(made.path, f"${companion.name}")

    def _name(self, folder: Path, name: str) -> None:
        """A folder's name in records, for its path as such and as seen from a cell's current folder, links followed or not."""
        cwd = self.settings.workspace.work / self.settings.run / "cell" / "cwd"
        for path, here in product({folder, folder.resolve()}, {cwd, cwd.resolve()}):
            self.roots |= {str(path): name, os.path.relpath(path, here): name}

    def refuse(self, trouble: Failure | Refused, seconds: float) -> None:
        """No cell of the group can run."""
        for request in self.group.requests:
            self.sink.put(environment_record(request, self.group.identity, trouble, self.roots, seconds))
        end = CellEnd(status=trouble.status, trouble=trouble.trouble, message=trouble.message, evidence="")
        for job in self.group.jobs:
            self.sink.put(cell_record(job, end, self.roots, reused=False))

    def ready(self, seconds: float) -> None:
        for request in self.group.requests:
            self.sink.put(environment_record(request, self.group.identity, None, self.roots, seconds))

    def case(self, job: CellJob, done: Finished) -> None:
        if trouble := machine_trouble(done):
            self.troubled[job.cell.id] = trouble
            return
        self.sink.put(case_record(done, job, self.settings.run, self.roots, self.beside))

    def end(self, job: CellJob, end: CellEnd) -> None:
        """The cell's process is over: all its keys are settled, and perhaps those that other cells wait for."""
        if trouble := self.troubled.get(job.cell.id):
            end = replace(trouble, evidence=end.evidence)
        keys = {task.key for task in job.tasks}
        self.ends |= dict.fromkeys(keys, end)
        for other in self.group.jobs:
            waits = self.waiting.get(other.cell.id)
            if waits and waits & keys:
                waits -= keys
                if not waits:
                    self.sink.put(cell_record(other, other.end(self.ends), self.roots, reused=False))

    def settle_idle(self) -> None:
        """Cells that wait for nothing: all their cases are known from earlier runs."""
        for job in self.group.jobs:
            if not self.waiting[job.cell.id]:
                self.sink.put(cell_record(job, job.end(self.ends), self.roots, reused=True))
