"""Turn environment requests into identities: choose the interpreter of each and lock it, several at once.

A request that can't be locked gets a Failure instead of an identity, which is a result like any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.domain import Accelerator, EnvironmentRequest, Status, Trouble
from harness.environments import interpreters, lock
from harness.environments.interpreters import Interpreter
from harness.environments.uv import Failure
from harness.matrix.request import settings
from harness.run.keys import Identity
from harness.run.machine import Machine
from harness.run.watcher import Stage

AT_ONCE = 6
"""Locks that are resolved in parallel. uv itself fetches many packages in parallel; more than this made it slower."""
NO_GPU = {"CUDA_VISIBLE_DEVICES": "-1"}
"""For every environment but those for GPUs: a GPU that is present must not be used by accident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRecipe:
    """The resolver's request for an environment, the interpreters it may have (`python`: this one alone), and its variables.

    `pythons` are minors, oldest first. `or_older`: where the newest interpreter lacks a package, an older one with all of them is.
    """

    requirements: lock.LockRequest
    pythons: tuple[str, ...]
    python: str | None
    settings: tuple[tuple[str, str], ...]
    or_older: bool = False


def recipe_of(request: EnvironmentRequest) -> EnvironmentRecipe:
    """Return the recipe of an environment of the matrix."""
    hidden = {} if request.accelerator is Accelerator.GPU else NO_GPU
    values = {**hidden, **settings(request)}
    return EnvironmentRecipe(
        requirements=lock.lock_request(request),
        pythons=request.release.pythons,
        python=request.python,
        settings=tuple(sorted(values.items())),
        or_older=True,
    )


async def identities(
    machine: Machine, requests: Iterable[EnvironmentRequest], *, refresh: bool, tell: Callable[[str, Stage], None]
) -> Mapping[str, Identity | Failure]:
    """Lock every request; return identities or failures by environment id.

    `tell(environment id, stage)` is called before and after each question to the index.
    """
    gate = asyncio.Semaphore(AT_ONCE)
    listed = tuple(requests)

    async def identify_one(request: EnvironmentRequest) -> Identity | Failure:
        return await identify(machine, recipe_of(request), gate, refresh=refresh, tell=lambda stage: tell(request.id, stage))

    answers = await asyncio.gather(*map(identify_one, listed))
    return {request.id: answer for request, answer in zip(listed, answers, strict=True)}


async def identify(
    machine: Machine,
    recipe: EnvironmentRecipe,
    gate: asyncio.Semaphore,
    *,
    refresh: bool,
    tell: Callable[[Stage], None] = lambda _stage: None,
) -> Identity | Failure:
    """Choose the interpreter of an environment and lock it. The index is asked only within `gate`.

    The interpreter is the newest for which the resolver finds every package: a package beside TensorFlow may have no wheel for
    the newest one that TensorFlow supports (tensorflow-text 2.13.0 has none for Python 3.11). Where no interpreter has them all,
    the newest one's refusal is returned.
    """
    refusals: list[Failure] = []
    for interpreter in _interpreters(recipe, machine.interpreters):
        answer = await _locked(machine, recipe, interpreter, gate, refresh=refresh, tell=tell)
        if not isinstance(answer, Failure):
            return _identity(recipe, answer, interpreter)
        # Trouble of the machine ends the search: an older interpreter would be another environment, taken by accident.
        if not is_proof(answer):
            return answer
        refusals.append(answer)
    return refusals[0] if refusals else no_interpreter(recipe, machine.interpreters)


async def _locked(
    machine: Machine,
    recipe: EnvironmentRecipe,
    interpreter: Interpreter,
    gate: asyncio.Semaphore,
    *,
    refresh: bool,
    tell: Callable[[Stage], None],
) -> lock.Lock | Failure:
    locks = machine.workspace.locks
    answer = None if refresh else lock.stored(locks, recipe.requirements, interpreter)
    if answer is None:
        async with gate:
            tell(Stage.LOCKING)
            answer = await lock.resolve_lock(machine.uv, locks, recipe.requirements, interpreter, refresh=refresh)
            tell(Stage.LOCKED)
    return answer


def stored_identity(locks: Path, request: EnvironmentRequest, by_minor: Mapping[str, Interpreter]) -> Identity | Failure | None:
    """Return the identity that a run would use, from stored locks alone; None where it would have to ask the index."""
    recipe = recipe_of(request)
    refusals: list[Failure] = []
    for interpreter in _interpreters(recipe, by_minor):
        answer = lock.stored(locks, recipe.requirements, interpreter)
        if answer is None:
            return None
        if not isinstance(answer, Failure):
            return _identity(recipe, answer, interpreter)
        refusals.append(answer)  # a proof: no other failure is stored
    return refusals[0] if refusals else no_interpreter(recipe, by_minor)


def lock_names(locks: Path, recipe: EnvironmentRecipe, by_minor: Mapping[str, Interpreter]) -> tuple[str, ...]:
    """Return the names of the stored locks that `identify` reads: proofs for newer interpreters, then the lock, if there is one."""
    names = []
    for interpreter in _interpreters(recipe, by_minor):
        answer = lock.stored(locks, recipe.requirements, interpreter)
        if answer is None:
            break
        names.append(lock.name_of(recipe.requirements, interpreter))
        if not isinstance(answer, Failure):
            break
    return tuple(names)


def lock_files(locks: Path, request: EnvironmentRequest, by_minor: Mapping[str, Interpreter]) -> tuple[Path, ...]:
    """Return the files on which `stored_identity` depends: the locks for every interpreter that may be tried."""
    recipe = recipe_of(request)
    by_interpreter = (lock.files_of(locks, recipe.requirements, interpreter) for interpreter in _interpreters(recipe, by_minor))
    return tuple(path for paths in by_interpreter for path in paths)


def is_proof(refusal: Failure) -> bool:
    """Return whether the resolver proved that an interpreter has no such packages; trouble of the machine proves nothing."""
    return refusal.status is Status.LOCK_FAILED


def _interpreters(recipe: EnvironmentRecipe, by_minor: Mapping[str, Interpreter]) -> tuple[Interpreter, ...]:
    """Return the interpreters to try, newest first."""
    every = interpreters.newest_first(recipe.pythons, recipe.python, by_minor)
    return every if recipe.or_older else every[:1]


def _identity(recipe: EnvironmentRecipe, answer: lock.Lock, interpreter: Interpreter) -> Identity:
    return Identity(lock=answer, interpreter=interpreter, settings=recipe.settings)


def no_interpreter(recipe: EnvironmentRecipe, by_minor: Mapping[str, Interpreter]) -> Failure:
    """Return the failure of an environment when this machine has none of its interpreters."""
    minors = recipe.python or " or ".join(reversed(recipe.pythons))
    message = f"no CPython {minors} on this machine"
    versions = sorted(interpreter.version for interpreter in by_minor.values())
    evidence = f"{message}; found: {', '.join(versions) or 'none'}\n"
    hint = f"`uv python install {recipe.python or recipe.pythons[-1]}` or pyenv provide one"
    return Failure(status=Status.UNAVAILABLE, trouble=Trouble.INTERPRETER, message=message, evidence=evidence + hint)
