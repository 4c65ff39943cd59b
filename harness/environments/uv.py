"""Run uv, and interpret its failures.

The only module that reads uv's words. uv 0.13 exits with 1 when it has proved a request unsatisfiable, but also when a build
failed or the network is off: only the text tells them apart.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.base.errors import MachineError
from harness.base.process import Completed, run_async, signal_name
from harness.domain import Status, Trouble

NETWORK = re.compile(
    r"Failed to fetch|error sending request|dns error|Connection (refused|reset)|(?<![\w-])time(d )?out|network was disabled|"
    r"Network connectivity is disabled|HTTP status (server error|client error \((401|403|407|408|429))|tls handshake|certificate",
    re.IGNORECASE,
)
UNSATISFIABLE = re.compile(r"No solution found")
# Its last cause, which may have several paragraphs.
EXPLANATION = re.compile(r".*^\s*cause: (.*?)(?=^\s*(?:hint|warning): |\Z)", re.MULTILINE | re.DOTALL)
BUILD = re.compile(r"Failed to (build|download and build)|build backend|Call to `.*` failed", re.IGNORECASE)
MACHINE = re.compile(r"Permission denied|Read-only file system|Too many open files|os error (13|24|30)\b", re.IGNORECASE)
DISK = re.compile(r"No space left on device|os error 28|Disk quota exceeded", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failed lock, installation or import: its status, the machine's trouble if that was why, one line, and the tool's words."""

    status: Status
    trouble: Trouble | None
    message: str
    evidence: str


def find_uv() -> Path:
    """Return the uv that came with nox[uv], or the one on PATH.

    Raises:
        MachineError: there is none.
    """
    try:
        from uv import find_uv_bin

        return Path(find_uv_bin())
    except (ImportError, FileNotFoundError):
        executable = shutil.which("uv")
    if not executable:
        raise MachineError("uv is not installed", hint='python3 -m pip install "nox[uv]"')
    return Path(executable)


async def call(uv: Path, argv: Sequence[str | Path], *, timeout: float, env: Mapping[str, str] | None = None) -> Completed:
    """Run one uv command, under the user's own settings of uv (a mirror, say)."""
    return await run_async([uv, *argv, "--no-progress", "--color=never"], timeout=timeout, env=env)


async def call_offline_first(
    uv: Path, argv: Sequence[str | Path], *, timeout: float, env: Mapping[str, str] | None = None
) -> Completed:
    """Run a uv command on its cache, and with the index only where that fails.

    So a machine without network still runs, and one with it asks for nothing twice.
    """
    completed = await call(uv, [*argv, "--offline"], timeout=timeout, env=env)
    return completed if completed.ok else await call(uv, argv, timeout=timeout, env=env)


def failure(completed: Completed, *, of: Status, timeout: float) -> Failure:
    """Return what a failed uv command means. `of` is the status of that stage, if the text doesn't say otherwise."""
    text = completed.stderr.strip() or completed.stdout.strip()
    if completed.code is None:
        return Failure(status=Status.TIMED_OUT, trouble=None, message=f"uv took longer than {timeout:.0f} s", evidence=text)
    if completed.code < 0:
        message = f"uv was ended by {signal_name(-completed.code)}"
        return Failure(status=Status.UNAVAILABLE, trouble=Trouble.KILLED, message=message, evidence=text)
    trouble = Trouble.DISK if DISK.search(text) else Trouble.NETWORK if NETWORK.search(text) else None
    status = Status.UNAVAILABLE if trouble or MACHINE.search(text) else _blame(text, of)
    return Failure(status=status, trouble=trouble, message=headline(text) or f"uv exited with {completed.code}", evidence=text)


def _blame(text: str, of: Status) -> Status:
    """Return the status that isn't the machine's fault, if any. A resolver without a proof says nothing about the software."""
    if UNSATISFIABLE.search(text):
        return Status.LOCK_FAILED
    if BUILD.search(text):
        return Status.INSTALL_FAILED
    return Status.UNAVAILABLE if of is Status.LOCK_FAILED else of


def headline(text: str) -> str:
    """Return the most telling line: the resolver's whole explanation, else the first error and its cause."""
    if UNSATISFIABLE.search(text) and (explanation := EXPLANATION.search(text)):
        return " ".join(explanation[1].split())
    body = [line.strip() for line in text.splitlines() if not line.lstrip().startswith(("warning:", "hint:"))]
    causes = [line.removeprefix("cause:").strip() for line in body if line.startswith("cause:")]
    errors = [line.removeprefix("error:").strip() for line in body if line.startswith("error:")]
    return ": ".join((errors + causes)[:2])
