"""What tasks run on: the venv of their environment, pytest's folder, and what some cases want beside the venv.

Everything that is installed is marked as in use until the block ends, so that no run removes it to make room.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.domain import Companion
from harness.environments import bytecode, companions, disk, toolchain, venv
from harness.environments.companions import Folder
from harness.environments.uv import Failure
from harness.run.groups import Group
from harness.run.keys import Identity
from harness.run.machine import Machine, make_room


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What cases run on: the venv, pytest's folder, and what they want beside the venv, or why it can't be had."""

    environment: venv.Venv
    tools: Path
    beside: Mapping[Companion, Folder | Failure] = field(default_factory=dict)

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables that tell the cases of the companions."""
        return {companions.variable(companion): companions.told(folder) for companion, folder in self.beside.items()}

    @property
    def versions(self) -> Mapping[Companion, str]:
        """The versions of the companions that are there."""
        return {companion: folder.version for companion, folder in self.beside.items() if isinstance(folder, Folder)}


@asynccontextmanager
async def environment_of(machine: Machine, identity: Identity) -> AsyncIterator[venv.Venv | Failure]:
    """Install the environment of a lock, and keep it until the block ends; or why it can't be had."""
    workspace, lock, interpreter = machine.workspace, identity.lock, identity.interpreter
    await make_room(machine)
    with disk.in_use(venv.place(workspace.venvs, lock, interpreter)):
        environment = await venv.ensure(
            machine.uv, workspace.venvs, workspace.bytecode, lock, interpreter, timeout=machine.limits.install_seconds
        )
        yield environment
        if isinstance(environment, venv.Venv):
            # What its first import compiled serves the next venv with the same packages.
            await asyncio.to_thread(bytecode.keep, workspace.bytecode, environment.site_packages, lock, interpreter)


@asynccontextmanager
async def installed_for_cases(machine: Machine, identity: Identity) -> AsyncIterator[Installed | Failure]:
    """Install the environment of a lock, and pytest for it, in a folder of its own."""
    tools = await toolchain.ensure(machine.uv, machine.workspace.toolchains, identity.interpreter)
    if isinstance(tools, Failure):
        yield tools
        return
    async with environment_of(machine, identity) as environment:
        yield environment if isinstance(environment, Failure) else Installed(environment=environment, tools=tools)


async def beside(machine: Machine, group: Group, stack: ExitStack) -> Mapping[Companion, Folder | Failure]:
    """Install the companions that the cases of a group ask for. Only after the import: an environment without it needs none.

    One that can't be had is no trouble of the group: the cases that ask for it say so, and others run.
    """
    return {companion: await _companion(machine, companion, group.identity, stack) for companion in sorted(group.companions)}


async def _companion(machine: Machine, companion: Companion, identity: Identity, stack: ExitStack) -> Folder | Failure:
    workspace, seconds = machine.workspace, machine.limits.install_seconds
    added = await companions.resolve(machine.uv, workspace.locks, companion, identity.lock, identity.interpreter)
    if isinstance(added, Failure):
        return added
    stack.enter_context(disk.in_use(companions.place(workspace.companions, added, identity.interpreter)))
    return await companions.ensure(machine.uv, workspace.companions, added, identity.interpreter, timeout=seconds)
