"""Keys: digests of everything that can change an outcome. The same key means the recorded result holds.

Owns what counts as "everything": lock, interpreter, platform, in-cell code, pytest, environment variables, the case's
sources, the model's archive, the services and companions it asks for, and the values on the axes that it uses.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.domain import Axis, Case, Cell, Companion, Limits
from harness.environments import companions
from harness.environments.interpreters import Interpreter
from harness.environments.lock import Lock
from harness.environments.toolchain import pins
from harness.services.running import digest_of

INCELL = Path(__file__).parent.parent / "incell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What is installed and how it is started: requests with the same identity share venv, zygote and results."""

    lock: Lock
    interpreter: Interpreter
    settings: tuple[tuple[str, str], ...]

    @property
    def key(self) -> str:
        return digest(
            {
                "lock": self.lock.sha256,
                "interpreter": self.interpreter.label,
                "settings": self.settings,
                "pytest": pins(self.interpreter.minor),
                "incell": incell_digest(),
            }
        )


def case_key(identity: Identity, case: Case, uses: Mapping[str, str], model_digest: str | None, limits: Limits) -> str:
    """The key of a case for one combination of the values it uses."""
    facts: dict[str, object] = {
        "environment": identity.key,
        "case": case.id,
        "sources": case.digest,
        "uses": uses,
        "model": model_digest if Axis.MODEL in case.uses else None,
        "limits": [limits.case_seconds, limits.memory_bytes],
    }
    if case.services:
        facts["services"] = {service.value: digest_of(service) for service in case.services}
    if case.companions:
        facts["companions"] = {companion.value: _beside(companion, identity.lock) for companion in case.companions}
    return digest(facts)


def _beside(companion: Companion, lock: Lock) -> list[object]:
    """What is asked for beside an environment; its lock, the constraints of that question, is in the environment's key."""
    asked = companions.lock_request(companion, lock)
    return [asked.requirements, asked.wheels, str(asked.exclude_newer), str(asked.day)]


def uses_of(case: Case, cell: Cell) -> dict[str, str]:
    """The values of a cell on the axes that a case uses."""
    values = {axis.value: cell.axes.value(axis) for axis in sorted(case.uses)}
    return {name: value for name, value in values.items() if value is not None}


def digest(facts: object) -> str:
    """sha256 of canonical JSON."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def incell_digest() -> str:
    """Return the digest of the code that runs inside cells."""
    sources = sorted(path for path in INCELL.iterdir() if path.is_file())
    return digest([(path.name, file_digest(path)) for path in sources])
