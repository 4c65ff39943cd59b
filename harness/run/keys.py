"""Compute keys: digests of everything that can change an outcome. The same key means the recorded result holds.

Owns what counts as "everything": lock, interpreter, platform, in-cell code, pytest, environment variables, the case's
sources, the model's archive, the services and companions it asks for, and the values on the axes that it uses.
Names and order of what is hashed must stay: another spelling is another key, and every recorded result is measured again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
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
    """A lock, an interpreter and environment variables: requests with the same identity share venv, zygote and results."""

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
    """Return the key of a case for one combination of the values it uses. `model_digest` is None for a cell without a model."""
    return case_keys(identity, limits)(case, uses, model_digest)


def case_keys(identity: Identity, limits: Limits) -> Callable[[Case, Mapping[str, str], str | None], str]:
    """Return `case_key` for an environment, with what its cases and models have in common computed once.

    The full tier has 140,000 keys. Each is the digest of canonical JSON, which is put together here from parts that were written
    once, in the order of their names: case, companions, environment and limits; model; services and sources; uses.
    """
    environment = _canonical({"environment": identity.key, "limits": [limits.case_seconds, limits.memory_bytes]})[1:-1]
    parts: dict[str, tuple[str, str]] = {}
    values: dict[tuple[tuple[str, str], ...], str] = {}

    def key(case: Case, uses: Mapping[str, str], model_digest: str | None) -> str:
        if case.id not in parts:
            # Added only where a case asks for one, so that a new service or companion leaves the keys of all other cases alone.
            companions_ = {companion.value: _beside(companion, identity.lock) for companion in case.companions}
            services = {service.value: digest_of(service) for service in case.services}
            before = f'"companions":{_canonical(companions_)},' if companions_ else ""
            after = f'"services":{_canonical(services)},' if services else ""
            parts[case.id] = (
                f'{{"case":{_text(case.id)},{before}{environment},"model":',
                f',{after}"sources":{_text(case.digest)},"uses":',
            )
        pairs = tuple(uses.items())
        if pairs not in values:
            values[pairs] = _canonical(uses)
        model = _text(model_digest) if Axis.MODEL in case.uses else "null"
        before_model, after_model = parts[case.id]
        return hashlib.sha256(f"{before_model}{model}{after_model}{values[pairs]}}}".encode()).hexdigest()

    return key


def _beside(companion: Companion, lock: Lock) -> list[object]:
    """Return what is requested for a companion. The constraints of that request, the environment's lock, are in its key already.

    The request and not what it resolves to: a key must be computed without asking the index.
    """
    request = companions.lock_request(companion, lock)
    return [request.requirements, request.wheels, str(request.exclude_newer), str(request.day)]


def uses_of(case: Case, cell: Cell) -> dict[str, str]:
    """Return the values of a cell on the axes that a case uses, by the name of the axis."""
    values = {axis.value: cell.axes.value(axis) for axis in sorted(case.uses)}
    return {name: value for name, value in values.items() if value is not None}


def digest(facts: object) -> str:
    """Compute the sha256 of canonical JSON: sorted keys, no spaces."""
    return hashlib.sha256(_canonical(facts).encode()).hexdigest()


@cache
def _text(text: str | None) -> str:
    return _canonical(text)


def _canonical(facts: object) -> str:
    return json.dumps(facts, sort_keys=True, separators=(",", ":"))


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


# What decides no outcome of a cell (measured: docs/measured.md), so that a change of it, such as a right of a newer kernel, doesn't
# make every measurement anew. The guardian does decide: who is timed out, who is over memory.
NOT_IN_KEYS = frozenset({"hubmatrix_fence.py", "hubmatrix_bytecode.py"})


@cache
def incell_digest() -> str:
    """Return the digest of the code that runs inside cells."""
    sources = sorted(path for path in INCELL.iterdir() if path.is_file() and path.name not in NOT_IN_KEYS)
    return digest([(path.name, file_digest(path)) for path in sources])
