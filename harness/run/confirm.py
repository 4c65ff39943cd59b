"""Open the zygote of an environment, and believe that its packages can't be imported only once that is confirmed.

A file that was cut off, bytecode of another day, a machine that was short of something for a moment: each makes an import fail
once, and would be recorded as the software's failure and reused for good.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TypeAlias

from harness.domain import Status, Trouble
from harness.environments import bytecode, integrity, uv
from harness.environments.uv import Failure
from harness.environments.venv import FINGERPRINT, Venv
from harness.run.keys import Identity
from harness.run.machine import Machine
from harness.run.zygote import Zygote

Opening: TypeAlias = Callable[[], AbstractAsyncContextManager[Zygote | Failure]]
CLEAN_SECONDS = 60.0
NAMED_FILES = 3
"""Damaged files that a message names."""


async def confirmed_zygote(
    stack: AsyncExitStack, opening: Opening, venv: Venv, machine: Machine, identity: Identity
) -> Zygote | Failure:
    """Return an open zygote, or why there is none: a failure of the packages only if it happened twice, in undamaged files.

    Args:
        stack: closes what is opened here.
        opening: opens a zygote in a process of its own.
        venv: that of the environment.
        machine: whose uv has the cache that the venv is linked to.
        identity: of the environment.
    """
    first = await stack.enter_async_context(opening())
    if not isinstance(first, Failure) or first.status is Status.UNAVAILABLE:
        return first
    if damaged := await asyncio.to_thread(integrity.damaged_files, venv.site_packages):
        await _discard(machine, venv, damaged)
        return _as_damaged(first, damaged)
    await asyncio.to_thread(bytecode.remove_compiled, venv.site_packages)
    second = await stack.enter_async_context(opening())
    if not isinstance(second, Failure):
        # It was the bytecode, or the moment. What is kept of these packages would do the same in the next venv.
        await asyncio.to_thread(bytecode.forget, machine.workspace.bytecode, identity.lock, identity.interpreter)
    return second


async def _discard(machine: Machine, venv: Venv, damaged: dict[str, tuple[str, ...]]) -> None:
    """Have the venv made anew by the next run, from files that are fetched anew: uv's cache has the same ones, by hard links."""
    (venv.path / FINGERPRINT).unlink(missing_ok=True)
    await uv.call(machine.uv, ["cache", "clean", *damaged, "--quiet"], timeout=CLEAN_SECONDS)


def _as_damaged(failure: Failure, damaged: dict[str, tuple[str, ...]]) -> Failure:
    files = [file for files in damaged.values() for file in files]
    more = f" and {len(files) - NAMED_FILES} more" if len(files) > NAMED_FILES else ""
    message = f"files are not as installed: {', '.join(files[:NAMED_FILES])}{more}; the next run installs them anew"
    return Failure(status=Status.UNAVAILABLE, trouble=Trouble.DISK, message=message, evidence=failure.evidence)
