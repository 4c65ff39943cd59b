"""From requests to identities: interpreter and lock of every environment, several at once.

A request without an identity has a Failure in its place, which is a result like any other.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from harness.domain import Accelerator, EnvironmentRequest, Status, Trouble
from harness.environments import interpreters, lock
from harness.environments.interpreters import Interpreter
from harness.environments.uv import Failure
from harness.matrix.request import settings
from harness.run.keys import Identity

AT_ONCE = 6
NO_GPU = {"CUDA_VISIBLE_DEVICES": "-1"}
"""For all cells but those of GPUs: one that is present must not be taken by accident."""


async def machine_interpreters() -> Mapping[str, Interpreter]:
    """The interpreters of this machine, by minor."""
    return await interpreters.discover(interpreters.candidates(os.environ, Path.home()))


async def identities(
    uv: Path,
    locks: Path,
    requests: Iterable[EnvironmentRequest],
    found: Mapping[str, Interpreter],
    *,
    refresh: bool,
    tell: Callable[[str, str], None],
) -> Mapping[str, Identity | Failure]:
    """Lock every request; `tell(environment id, what)` is called before each question to the index."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(request: EnvironmentRequest) -> Identity | Failure:
        interpreter = interpreters.choose(request.release.pythons, request.python, found)
        if interpreter is None:
            return no_interpreter(request, found)
        known = None if refresh else lock.stored(locks, request, interpreter)
        if known is None:
            async with gate:
                tell(request.id, "locking")
                known = await lock.resolve(uv, locks, request, interpreter, refresh=refresh)
                tell(request.id, "locked")
        return known if isinstance(known, Failure) else identity(request, known, interpreter)

    listed = tuple(requests)
    done = await asyncio.gather(*map(one, listed))
    return {request.id: result for request, result in zip(listed, done, strict=True)}


def stored_identity(locks: Path, request: EnvironmentRequest, found: Mapping[str, Interpreter]) -> Identity | Failure | None:
    """What a run would use, without asking the index; None where it would have to ask."""
    interpreter = interpreters.choose(request.release.pythons, request.python, found)
    if interpreter is None:
        return no_interpreter(request, found)
    known = lock.stored(locks, request, interpreter)
    return known if known is None or isinstance(known, Failure) else identity(request, known, interpreter)


def identity(request: EnvironmentRequest, known: lock.Lock, interpreter: Interpreter) -> Identity:
    hidden = {} if request.accelerator is Accelerator.GPU else NO_GPU
    values = {**hidden, **settings(request)}
    return Identity(lock=known, interpreter=interpreter, settings=tuple(sorted(values.items())))


def no_interpreter(request: EnvironmentRequest, found: Mapping[str, Interpreter]) -> Failure:
    wanted = request.python or " or ".join(reversed(request.release.pythons))
    message = f"no CPython {wanted} on this machine"
    evidence = f"{message}; found: {', '.join(sorted(one.version for one in found.values())) or 'none'}\n"
    hint = f"`uv python install {request.python or request.release.pythons[-1]}` or pyenv provide one"
    return Failure(status=Status.UNAVAILABLE, trouble=Trouble.INTERPRETER, message=message, evidence=evidence + hint)
