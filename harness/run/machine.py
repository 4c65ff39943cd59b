"""Decide how much of this machine a run may use, and end it on a signal. Shared by everything that runs tasks in parallel."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from harness.base.workspace import Workspace
from harness.domain import Limits
from harness.environments import accelerators, disk, interpreters
from harness.environments import uv as uv_tool
from harness.environments.interpreters import Interpreter
from harness.run.fence import fence_here

BYTES_PER_SLOT = 2 * 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine that tasks run on: its tools, its folders, and how much of it one execution may use.

    `interpreters` are by minor. One slot is one busy core. `limits` bound each process and each installation. `fence` is what
    `fence_here` says of this machine's.
    """

    uv: Path
    workspace: Workspace
    interpreters: Mapping[str, Interpreter]
    accelerators: accelerators.MachineFacts
    slots: int
    limits: Limits
    fence: str = ""


async def machine_interpreters() -> Mapping[str, Interpreter]:
    """Return the interpreters of this machine, by minor."""
    return await interpreters.discover(interpreters.candidates(os.environ, Path.home()))


def this_machine(workspace: Workspace, limits: Limits, jobs: int | None = None, *, fence: bool = True) -> Machine:
    """Return `look_around` for callers outside an event loop."""
    return asyncio.run(look_around(workspace, limits, jobs, fence=fence))


async def look_around(workspace: Workspace, limits: Limits, jobs: int | None = None, *, fence: bool = True) -> Machine:
    """Return this machine as it is now. `jobs` None: as many slots as cores and memory allow; `fence` False: none.

    Raises:
        MachineError: there is no uv.
    """
    return Machine(
        uv=uv_tool.find_uv(),
        workspace=workspace,
        interpreters=await machine_interpreters(),
        accelerators=accelerators.probe(),
        slots=slots(jobs),
        limits=limits,
        fence=fence_here(asked_for=fence),
    )


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> int:
    """Return how many bytes a new process could take without swapping."""
    return int(psutil.virtual_memory().available)


def slots(jobs: int | None) -> int:
    """Return how many processes may be busy at once: `jobs` if a user named a number, else what cores and free memory allow."""
    return jobs or max(1, min(cores(), free_memory() // BYTES_PER_SLOT))


async def make_room(machine: Machine) -> None:
    """Remove idle environments, least recently used first, where less disk is free than the limits ask for."""
    workspace = machine.workspace
    folders = (workspace.venvs, workspace.companions)
    await disk.evict(machine.uv, folders, workspace.bytecode, wanted_bytes=machine.limits.free_disk_bytes)


async def run_together(coroutines: Iterable[Coroutine[object, object, None]]) -> None:
    """Run all at once, each to its end. Where one raises, or this is cancelled, the others are ended before going on.

    Plain `gather` would leave them running: their processes would outlive the folders and slots that they use.
    """
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until_interrupted(work: Coroutine[object, object, None]) -> bool:
    """Return True when the work came to its end, False when SIGINT or SIGTERM ended it."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    # The loop's own handlers, not KeyboardInterrupt, which could be raised between any two lines and skip the cleaning up.
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return False
    return True
