"""Tasks that the engine runs: the cells of the matrix and the steps of a reported failure.

A planner makes them; the engine prepares their environment, gives them a slot, runs them under a guardian and returns how they
ended. What that means is the planner's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from harness.domain import Case
from harness.run.keys import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedCase:
    """A case for one combination of the values that it uses, under its key."""

    case: Case
    key: str
    uses: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSet:
    """Cases that pytest runs in one process, forked off the TensorFlow that was imported; in a new one after each crash."""

    cases: tuple[KeyedCase, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A file that a fresh interpreter runs, and how long it may take."""

    path: Path
    seconds: float


Payload = TypeVar("Payload", CaseSet, Script, Script | None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Generic[Payload]):
    """Cases or a script for an environment. `payload` None: the environment is installed, and nothing is run.

    `inputs` are digests of the files that it reads, `outputs` the names, below its folder, of those that it leaves for later tasks.
    """

    environment: Identity
    payload: Payload
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
