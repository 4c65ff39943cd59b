"""What the cells of a group run on: the venv, pytest's folder, and what some of their cases want beside the venv.

Everything that is installed is marked as in use until the group is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from harness.domain import Companion
from harness.environments import companions, disk, toolchain, venv
from harness.environments.companions import Folder
from harness.environments.uv import Failure
from harness.run.groups import Group
from harness.run.keys import Identity
from harness.run.settings import Settings


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


async def install(settings: Settings, identity: Identity, stack: ExitStack) -> Installed | Failure:
    """The venv of a lock, and pytest for it."""
    uv, places, seconds = settings.uv, settings.workspace, settings.limits.install_seconds
    stack.enter_context(disk.in_use(venv.place(places.venvs, identity.lock, identity.interpreter)))
    tools = await toolchain.ensure(uv, places.toolchains, identity.interpreter)
    if isinstance(tools, Failure):
        return tools
    made = await venv.ensure(uv, places.venvs, places.bytecode, identity.lock, identity.interpreter, timeout=seconds)
    return made if isinstance(made, Failure) else Installed(environment=made, tools=tools)


async def beside(settings: Settings, group: Group, stack: ExitStack) -> Mapping[Companion, Folder | Failure]:
    """The companions that the cases of a group ask for. Only after the import: an environment without it needs none.

    One that can't be had is no trouble of the group: the cases that ask for it say so, and others run.
    """
    return {companion: await _companion(settings, companion, group.identity, stack) for companion in sorted(group.companions)}


async def _companion(settings: Settings, companion: Companion, identity: Identity, stack: ExitStack) -> Folder | Failure:
    uv, places, seconds = settings.uv, settings.workspace, settings.limits.install_seconds
    added = await companions.resolve(uv, places.locks, companion, identity.lock, identity.interpreter)
    if isinstance(added, Failure):
        return added
    stack.enter_context(disk.in_use(companions.place(places.companions, added, identity.interpreter)))
    return await companions.ensure(uv, places.companions, added, identity.interpreter, timeout=seconds)
