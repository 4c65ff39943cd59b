"""The compiler's environment: its own, every package pinned.

Pinned, because a compiler that changes under the results would change them: a newer libtpu is a new compiler, chosen on
purpose (edit `PINS`, run the integration tests), never by the date. The worker also calls private parts of jaxlib.
jax 0.12 wants Python 3.12 or later; libtpu has wheels for Linux x86-64 alone.
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
from harness.environments.lock import Lock, LockRequest
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
PINNED = LockRequest(requirements=PINS, exclude_newer=None, daily=False)
PLATFORM = "linux-x86_64"
WORKER = Path(__file__).parent / "worker.py"
FLOW = WORKER.with_name("flow.py")
INSTALL_SECONDS = 1800.0


def compiler_digest() -> str:
    """Return the digest of all that can change an answer of the compiler.

    Comments and docstrings are left out: they change nothing, and compiling everything again takes hours.
    """
    code = (ast.dump(_without_docstrings(ast.parse(file.read_bytes()))) for file in (WORKER, FLOW))
    return hashlib.sha256("\n".join((*PINS, *code)).encode()).hexdigest()


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:]
    return tree


async def ensure_compiler(uv: Path, workspace: Workspace, installed: Mapping[str, Interpreter]) -> Venv | Failure:
    """Create the compiler's environment unless it exists. A failure is trouble of this machine: it has no such device."""
    locked = await lock_compiler(uv, workspace.locks, installed)
    if isinstance(locked, Failure):
        return locked
    compiler_lock, interpreter = locked
    compiler_venv = await venv.ensure_venv(
        uv, workspace.venvs, workspace.bytecode, compiler_lock, interpreter, timeout=INSTALL_SECONDS
    )
    return (
        _lacking(compiler_venv.message, compiler_venv.evidence, compiler_venv.trouble)
        if isinstance(compiler_venv, Failure)
        else compiler_venv
    )


async def lock_compiler(uv: Path, locks: Path, installed: Mapping[str, Interpreter]) -> tuple[Lock, Interpreter] | Failure:
    """Return the lock of the compiler's environment and its interpreter, or the trouble of this machine."""
    interpreter = next(iter(interpreters.newest_first(PYTHONS, None, installed)), None)
    if interpreter is None:
        versions = " or ".join(PYTHONS)
        return _lacking(f"no CPython {versions} on this machine", f"`uv python install {PYTHONS[0]}` provides one")
    if interpreter.platform != PLATFORM:
        return _lacking(f"libtpu has no wheel for {interpreter.platform}", f"it has some for {PLATFORM}")
    locked = await lock.resolve_lock(uv, locks, PINNED, interpreter, refresh=False)
    if isinstance(locked, Failure):
        return _lacking(locked.message, locked.evidence, locked.trouble)
    return locked, interpreter


def _lacking(message: str, evidence: str, trouble: Trouble | None = None) -> Failure:
    """Make the failure. `trouble` is the tools' own word, such as the network; without one, it is a missing device."""
    text = f"the TPU compiler isn't available: {message}"
    return Failure(status=Status.UNAVAILABLE, trouble=trouble or Trouble.DEVICE, message=text, evidence=evidence)
