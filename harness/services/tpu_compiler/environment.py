"""Where the compiler lives: an environment of its own, every package pinned.

Pinned, because a compiler that changes under the results would change them: a newer libtpu is a new compiler, chosen on
purpose (edit `PINS`, run the integration tests), never found one morning. The worker also calls what jaxlib keeps for
itself. jax 0.12 wants Python 3.12 or later; libtpu has wheels for Linux x86-64 alone.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from pathlib import Path

from harness.base.workspace import Workspace
from harness.domain import Status, Trouble
from harness.environments import interpreters, lock, venv
from harness.environments.interpreters import Interpreter
from harness.environments.lock import LockRequest
from harness.environments.uv import Failure
from harness.environments.venv import Venv

PYTHONS = ("3.12", "3.13", "3.14")
PINS = (
    "jax==0.12.0.1",
    "jaxlib==0.12.0.1",
    "libtpu==0.0.51",
    "ml-dtypes==0.6.0",
    "numpy==2.5.5",
    "opt-einsum==3.4.0",
    "scipy==1.18.1",
)
PLATFORM = "linux-x86_64"
WORKER = Path(__file__).parent / "worker.py"
FLOW = WORKER.with_name("flow.py")
INSTALL_SECONDS = 1800.0


def digest() -> str:
    """Of all that can change what the compiler says of a program; a comment in the worker can't, and compiling takes hours."""
    code = (ast.dump(ast.parse(file.read_bytes())) for file in (WORKER, FLOW))
    return hashlib.sha256("\n".join((*PINS, *code)).encode()).hexdigest()


async def ensure(uv: Path, places: Workspace, found: Mapping[str, Interpreter]) -> Venv | Failure:
    """The compiler's environment, made now if it isn't there. A failure is trouble of this machine: it has no such device."""
    interpreter = next(iter(interpreters.newest_first(PYTHONS, None, found)), None)
    if interpreter is None:
        wanted = " or ".join(PYTHONS)
        return _lacking(f"no CPython {wanted} on this machine", f"`uv python install {PYTHONS[0]}` provides one")
    if interpreter.platform != PLATFORM:
        return _lacking(f"libtpu has no wheel for {interpreter.platform}", f"it has some for {PLATFORM}")
    asked = LockRequest(requirements=PINS, exclude_newer=None, daily=False)
    locked = await lock.resolve(uv, places.locks, asked, interpreter, refresh=False)
    if isinstance(locked, Failure):
        return _lacking(locked.message, locked.evidence, locked.trouble)
    made = await venv.ensure(uv, places.venvs, places.bytecode, locked, interpreter, timeout=INSTALL_SECONDS)
    return _lacking(made.message, made.evidence, made.trouble) if isinstance(made, Failure) else made


def _lacking(message: str, evidence: str, trouble: Trouble | None = None) -> Failure:
    """`trouble` is what the tools say it is, such as the network; where they say nothing, there is no such device."""
    told = f"the TPU compiler can't be had: {message}"
    return Failure(status=Status.UNAVAILABLE, trouble=trouble or Trouble.DEVICE, message=told, evidence=evidence)
