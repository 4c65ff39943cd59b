"""Install what tasks run on: the venv of their environment, pytest's folder, and the companions that some cases ask for.

Everything that is installed is marked as in use until the block ends, so that no run removes it to make room.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.domain import Companion
from harness.environments import bytecode, companions, disk, toolchain, venv
from harness.environments.companions import CompanionFolder
from harness.environments.uv import Failure
from harness.run.groups import EnvironmentGroup
from harness.run.keys import Identity
from harness.run.machine import Machine, make_room


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The venv, pytest's folder, and each companion's folder, or the reason why a companion is missing."""

    environment: venv.Venv
    tools: Path
    beside: Mapping[Companion, CompanionFolder | Failure] = field(default_factory=dict)

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables that tell the cases of the companions."""
        return {companions.variable(companion): companions.variable_value(folder) for companion, folder in self.beside.items()}

    @property
    def versions(self) -> Mapping[Companion, str]:
        """The versions of the companions that are there."""
        return {companion: folder.version for companion, folder in self.beside.items() if isinstance(folder, CompanionFolder)}


@asynccontextmanager
async def environment_of(machine: Machine, identity: Identity) -> AsyncIterator[venv.Venv | Failure]:
    """Install the environment of a lock, or yield the failure. Until the block ends no run removes it."""
    workspace, lock, interpreter = machine.workspace, identity.lock, identity.interpreter
    await make_room(machine)
    # Marked before it is made: an eviction of another run must not take the folder while uv fills it.
    with disk.in_use(venv.venv_folder(workspace.venvs, lock, interpreter)):
        environment = await venv.ensure_venv(
            machine.uv, workspace.venvs, workspace.bytecode, lock, interpreter, timeout=machine.limits.install_seconds
        )
        yield environment
        if isinstance(environment, venv.Venv):
            # Only now, for only the first import compiles. The next venv with the same packages starts in 2 s instead of 9 to 31 s.
            with suppress(OSError):  # all that was measured is recorded; the next import compiles again
                await asyncio.to_thread(bytecode.keep_compiled, workspace.bytecode, environment.site_packages, lock, interpreter)


@asynccontextmanager
async def installed_for_cases(machine: Machine, identity: Identity) -> AsyncIterator[Installed | Failure]:
    """Install the environment of a lock, and pytest for it, in a folder of its own."""
    tools = await toolchain.ensure_toolchain(machine.uv, machine.workspace.toolchains, identity.interpreter)
    if isinstance(tools, Failure):
        yield tools
        return
    async with environment_of(machine, identity) as environment:
        yield environment if isinstance(environment, Failure) else Installed(environment=environment, tools=tools)


async def beside(machine: Machine, group: EnvironmentGroup, stack: ExitStack) -> Mapping[Companion, CompanionFolder | Failure]:
    """Install the companions that the cases of a group ask for; return each one's folder or failure.

    A failure isn't the group's: the cases that ask for that companion report it, and the others run. Called after the import: an
    environment that can't be imported was given 95 MB of companions for nothing.
    """
    return {companion: await _companion(machine, companion, group.identity, stack) for companion in sorted(group.companions)}


async def _companion(machine: Machine, companion: Companion, identity: Identity, stack: ExitStack) -> CompanionFolder | Failure:
    workspace, seconds = machine.workspace, machine.limits.install_seconds
    added = await companions.resolve_companion(machine.uv, workspace.locks, companion, identity.lock, identity.interpreter)
    if isinstance(added, Failure):
        return added
    stack.enter_context(disk.in_use(companions.companion_folder(workspace.companions, added, identity.interpreter)))
    return await companions.ensure_companion(machine.uv, workspace.companions, added, identity.interpreter, timeout=seconds)
